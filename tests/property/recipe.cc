#include "tests/property/recipe.h"

namespace rekey::property {

namespace {

using rc::gen::set;

// 0 to n - 1, whatever size rapidcheck has come to.
rc::Gen<unsigned> pick(unsigned n) {
  return rc::gen::resize(rc::kNominalSize, rc::gen::inRange<unsigned>(0, n));
}

// Mostly 0.
rc::Gen<unsigned> rarely(unsigned n) {
  return rc::gen::weightedOneOf<unsigned>({{4, rc::gen::just(0u)}, {1, pick(n)}});
}

template <class T>
rc::Gen<std::vector<T>> up_to(int n, rc::Gen<T> each) {
  return rc::gen::resize(n, rc::gen::container<std::vector<T>>(std::move(each)));
}

rc::Gen<ForeignKeyRecipe> foreign_keys() {
  using F = ForeignKeyRecipe;
  return rc::gen::build<F>(
      set(&F::target, pick(7)), set(&F::to_code, pick(2)), set(&F::type, pick(4)),
      set(&F::on_delete, pick(5)), set(&F::on_update, pick(5)), set(&F::deferral, pick(3)),
      set(&F::doubtful, rarely(3)), set(&F::spread, pick(4)), set(&F::nulls, pick(4)),
      set(&F::half_null, pick(3)), set(&F::second, rarely(2)), set(&F::has_default, rarely(3)),
      set(&F::comment, rarely(3)));
}

rc::Gen<TableRecipe> tables() {
  using T = TableRecipe;
  // The odd ones (12 to 19) among few only: one at the limit of its type keeps new rows from coming
  // back.
  const auto common = rc::gen::map(pick(60), [](unsigned n) { return n < 12 ? n : n + 8; });
  const auto ids =
      rc::gen::oneOf(up_to(6, rc::gen::oneOf(pick(12), rarely(20))), up_to(30, common));
  return rc::gen::build<T>(
      set(&T::kind, rc::gen::oneOf(rc::gen::just(0u), pick(4))), set(&T::name, pick(12)),
      set(&T::schema, rarely(3)), set(&T::type, pick(3)), set(&T::source, pick(6)),
      set(&T::shared, rc::gen::map(pick(60), [](unsigned n) { return n == 59 ? 1u : 0u; })),
      set(&T::increment, rarely(6)), set(&T::position, pick(5)), set(&T::code, rarely(3)),
      set(&T::generator, rarely(5)), set(&T::time, rarely(5)), set(&T::indexes, pick(256)),
      set(&T::marks, rarely(256)), set(&T::row_security, rarely(2)), set(&T::family, rarely(6)), set(&T::by_key, pick(2)),
      set(&T::domain, rarely(2)), set(&T::phase, pick(3)), set(&T::ids, ids),
      set(&T::foreign_keys, up_to(3, foreign_keys())));
}

rc::Gen<DependentRecipe> dependents() {
  using D = DependentRecipe;
  return rc::gen::build<D>(set(&D::kind, pick(1000)), set(&D::on, pick(30)),
                           set(&D::column, pick(6)), set(&D::other, pick(12)),
                           set(&D::id, pick(6)), set(&D::another_id, pick(6)),
                           set(&D::name, rarely(12)), set(&D::schema, rarely(3)));
}

rc::Gen<WriteRecipe> writes() {
  using W = WriteRecipe;
  return rc::gen::build<W>(set(&W::kind, rc::gen::oneOf(rc::gen::just(0u), pick(4))),
                           set(&W::table, pick(7)), set(&W::row, pick(30)),
                           set(&W::parent, pick(30)));
}

}  // namespace

rc::Gen<Recipe> recipes() {
  // In the order in which they shrink: dependents go first.
  return rc::gen::build<Recipe>(set(&Recipe::dependents, up_to(6, dependents())),
                                set(&Recipe::tables, up_to(7, tables())),
                                set(&Recipe::writes, up_to(20, writes())),
                                set(&Recipe::owner, rarely(2)), set(&Recipe::jobs, pick(3)), set(&Recipe::keep, rarely(8)),
                                set(&Recipe::phases, rarely(4)), set(&Recipe::back_to, pick(3)));
}

}  // namespace rekey::property
