#include <algorithm>

#include "tests/property/shapes.h"

namespace rekey::property {

namespace {

using rc::gen::set;

rc::Gen<unsigned> pick(unsigned n) { return rc::gen::resize(rc::kNominalSize, rc::gen::inRange<unsigned>(0, n)); }

rc::Gen<unsigned> rarely(unsigned n) { return rc::gen::weightedOneOf<unsigned>({{3, rc::gen::just(0u)}, {1, pick(n)}}); }

template <class T>
rc::Gen<std::vector<T>> up_to(int n, rc::Gen<T> each) {
  return rc::gen::resize(n, rc::gen::container<std::vector<T>>(std::move(each)));
}

template <std::size_t N>
rc::Gen<std::array<unsigned, N>> drawn(unsigned n) {
  return rc::gen::container<std::array<unsigned, N>>(pick(n));
}

// Not the longest, of which names of constraints are made.
rc::Gen<unsigned> names_of_columns() {
  return rc::gen::map(rarely(11), [](unsigned name) { return name == 5 ? 0u : name; });
}

// A table that has no reference in its key is drafted by hand alone.
rc::Gen<std::vector<unsigned>> keys() {
  return rc::gen::map(rc::gen::nonEmpty(up_to(3, pick(4))), [](std::vector<unsigned> key) {
    if (std::find(key.begin(), key.end(), 0u) == key.end()) key.back() = 0;
    return key;
  });
}

rc::Gen<FollowerRecipe> followers() {
  using F = FollowerRecipe;
  return rc::gen::build<F>(set(&F::rows, up_to(8, drawn<4>(40))), set(&F::key, pick(3)), set(&F::nullable, rc::gen::oneOf(rc::gen::just(0u), pick(8))),
                           set(&F::on_delete, pick(3)), set(&F::on_update, pick(2)), set(&F::stays, rarely(2)), set(&F::index, pick(16)),
                           set(&F::drops, rc::gen::oneOf(rc::gen::just(7u), pick(8))));
}

}  // namespace

rc::Gen<ShapeRecipe> shapes() {
  using S = ShapeRecipe;
  return rc::gen::build<S>(set(&S::before, up_to(6, drawn<3>(30))), set(&S::after, up_to(6, drawn<3>(30))), set(&S::followers, up_to(3, followers())),
                           set(&S::cells, up_to(8, drawn<3>(12))), set(&S::key, keys()), set(&S::name, rarely(12)),
                           set(&S::column_name, names_of_columns()), set(&S::new_name, rarely(12)), set(&S::generator, pick(3)), set(&S::jobs, pick(3)),
                           set(&S::roots, pick(5)), set(&S::drops_code, pick(2)), set(&S::consolidates, pick(2)), set(&S::drops_root, pick(2)),
                           set(&S::cleanup, rarely(2)));
}

}  // namespace rekey::property
