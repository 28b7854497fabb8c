#include "tests/property/library.h"

namespace rekey::property {

namespace {

using rc::gen::set;

// 0 to n - 1, whatever size rapidcheck has come to.
rc::Gen<unsigned> pick(unsigned n) { return rc::gen::resize(rc::kNominalSize, rc::gen::inRange<unsigned>(0, n)); }

// Of `all`, one is not 0.
rc::Gen<unsigned> rarely(unsigned n, int all) {
  return rc::gen::weightedOneOf<unsigned>({{static_cast<std::size_t>(all - 1), rc::gen::just(0u)}, {1, pick(n)}});
}

template <class T>
rc::Gen<std::vector<T>> up_to(int n, rc::Gen<T> each) {
  return rc::gen::resize(n, rc::gen::container<std::vector<T>>(std::move(each)));
}

rc::Gen<std::vector<EntryRecipe>> entries(int n) {
  using E = EntryRecipe;
  return up_to(n, rc::gen::build<E>(set(&E::targets, rc::gen::container<std::array<unsigned, 2>>(pick(30))), set(&E::orphan, rarely(3, 4)),
                                    set(&E::value, pick(4)), set(&E::time, pick(4)), set(&E::score, pick(4))));
}

rc::Gen<std::array<unsigned, 8>> of_references(unsigned n) { return rc::gen::container<std::array<unsigned, 8>>(pick(n)); }

}  // namespace

rc::Gen<LibraryRecipe> libraries() {
  using L = LibraryRecipe;
  using W = LibraryWrite;
  // Arrays cannot lose elements, so that few cases have any.
  const auto rows = rc::gen::map(rc::gen::tuple(entries(6), entries(10), entries(14), entries(8), entries(14), entries(8),
                                                rc::gen::weightedOneOf<std::vector<EntryRecipe>>({{7, rc::gen::just(std::vector<EntryRecipe>{})}, {1, entries(3)}})),
                                 [](auto drawn) {
                                   return std::apply([](auto... each) { return std::array<std::vector<EntryRecipe>, kShelves>{each...}; }, drawn);
                                 });
  const auto writes = up_to(12, rc::gen::build<W>(set(&W::kind, pick(10)), set(&W::row, pick(30)), set(&W::other, pick(30))));
  return rc::gen::build<L>(set(&L::writes, writes), set(&L::entries, rows), set(&L::unsaid, rarely(9, 12)), set(&L::name, rarely(12, 3)),
                           set(&L::jobs, pick(3)), set(&L::key, pick(3)), set(&L::users, pick(6)), set(&L::documents, pick(6)),
                           set(&L::by_expression, pick(2)), set(&L::by_file, pick(2)), set(&L::unique_file, pick(2)), set(&L::unique_tag, pick(5)),
                           set(&L::match_full, pick(2)), set(&L::rules, of_references(6)), set(&L::not_valid, of_references(2)),
                           set(&L::nullable, of_references(2)), set(&L::on_delete, of_references(4)));
}

}  // namespace rekey::property
