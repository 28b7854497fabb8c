// (ARRAY['a'::character varying, …])::text[] comes back as ARRAY[('a'::character varying)::text, …].
#include "compiler/lint/remade.h"

#include <fmt/format.h>

#include <algorithm>

#include "compiler/lint/tokens.h"
#include "compiler/lower/dependents.h"
#include "compiler/lower/sql.h"

namespace rekey::lint {
namespace {

using plan::DependentKind;

bool opens(const Token& token) {
  return token.kind == PG_QUERY__TOKEN__ASCII_40 || token.kind == PG_QUERY__TOKEN__ASCII_91;
}

bool closes(const Token& token) {
  return token.kind == PG_QUERY__TOKEN__ASCII_41 || token.kind == PG_QUERY__TOKEN__ASCII_93;
}

// (ARRAY[ element, … ])::type[]
struct CastArray {
  std::size_t first, last;                                  // tokens
  std::vector<std::pair<std::size_t, std::size_t>> elements;  // bytes
  std::size_t type_start, type_end;
};

class Arrays {
 public:
  explicit Arrays(const std::string& text) : tokens_(tokens_of(text)) {}

  // The first that begins at token `from` or later.
  bool next(std::size_t from, CastArray& found) const {
    for (std::size_t i = from; i < tokens_.size(); ++i) {
      if (read(i, found)) return true;
    }
    return false;
  }
  std::size_t start(std::size_t token) const { return tokens_[token].start; }
  std::size_t end(std::size_t token) const { return tokens_[token].end; }

 private:
  bool is(std::size_t i, PgQuery__Token kind) const { return i < tokens_.size() && tokens_[i].kind == kind; }

  bool read(std::size_t i, CastArray& found) const {
    if (!is(i, PG_QUERY__TOKEN__ASCII_40) || !is(i + 1, PG_QUERY__TOKEN__ARRAY) || !is(i + 2, PG_QUERY__TOKEN__ASCII_91)) {
      return false;
    }
    found = {i, i, {}, 0, 0};
    const std::size_t close = read_elements(i + 3, found);
    if (!is(close + 1, PG_QUERY__TOKEN__ASCII_41) || !is(close + 2, PG_QUERY__TOKEN__TYPECAST)) return false;
    return read_type(close + 3, found);
  }

  // Gives the token that closes the array. Arrays of arrays are left alone.
  std::size_t read_elements(std::size_t i, CastArray& found) const {
    int depth = 0;
    for (std::size_t begin = i; i < tokens_.size(); ++i) {
      if (depth == 0 && (closes(tokens_[i]) || is(i, PG_QUERY__TOKEN__ASCII_44))) {
        if (i == begin || is(begin, PG_QUERY__TOKEN__ARRAY)) return tokens_.size();
        found.elements.emplace_back(tokens_[begin].start, tokens_[i - 1].end);
        begin = i + 1;
        if (closes(tokens_[i])) return i;
      }
      depth += opens(tokens_[i]) - closes(tokens_[i]);
    }
    return tokens_.size();
  }

  bool read_type(std::size_t i, CastArray& found) const {
    const std::size_t begin = i;
    while (i < tokens_.size() && !is(i, PG_QUERY__TOKEN__ASCII_91) && !is(i, PG_QUERY__TOKEN__ASCII_59)) ++i;
    if (i == begin || !is(i, PG_QUERY__TOKEN__ASCII_91) || !is(i + 1, PG_QUERY__TOKEN__ASCII_93)) return false;
    found.type_start = tokens_[begin].start;
    found.type_end = tokens_[i - 1].end;
    found.last = i + 1;
    return true;
  }

  std::vector<Token> tokens_;
};

std::string rewritten(const std::string& text, const CastArray& array) {
  const auto type = text.substr(array.type_start, array.type_end - array.type_start);
  std::string out = "ARRAY[";
  for (const auto& [start, end] : array.elements) {
    out += fmt::format("{}({})::{}", out.ends_with('[') ? "" : ", ", text.substr(start, end - start), type);
  }
  return out + "]";
}

// The server makes these anew when a column of theirs gets another type.
bool is_rebuilt(DependentKind kind) {
  return kind == DependentKind::check || kind == DependentKind::exclusion_constraint || kind == DependentKind::index;
}

bool is_made_anew(const model::Dependent& dependent) {
  using enum model::Dependent::Handling;
  if (dependent.handling == nothing) return dependent.written->as_is.value.empty() && is_rebuilt(dependent.written->kind.value);
  return dependent.handling == moved || dependent.handling == made_anew;
}

bool changes(const model::Model& model, const model::Table& table) {
  return std::any_of(table.columns.begin(), table.columns.end(), [&](auto c) { return model.changes(c); });
}

void add(model::Model& model, Diagnostics& diagnostics, const std::string& title, Span place,
         std::vector<model::TableId> tables) {
  diagnostics.note("text-changes", place,
                   fmt::format("PostgreSQL writes {} otherwise once it is made from its own definition: "
                               "the same thing, in other words",
                               title),
                   "after a rollback pg_dump shows it as after a dump and restore; nothing has to be done");
  model.remade.push_back({title, std::move(tables)});
}

}  // namespace

std::string remade(const std::string& definition) {
  if (definition.find("(ARRAY[") == std::string::npos) return definition;
  const Arrays arrays(definition);
  std::string out;
  std::size_t done = 0;
  CastArray array;
  for (std::size_t from = 0; arrays.next(from, array); from = array.last + 1) {
    out += definition.substr(done, arrays.start(array.first) - done) + rewritten(definition, array);
    done = arrays.end(array.last);
  }
  return out + definition.substr(done);
}

void find_remade(model::Model& model, Diagnostics& diagnostics) {
  for (auto& dependent : model.dependents) {
    const auto& written = *dependent.written;
    auto text = remade(written.definition.value);
    if (text == written.definition.value || dependent.tables.empty() || !is_made_anew(dependent)) continue;
    dependent.remade = std::move(text);
    add(model, diagnostics, lower::title(written), written.definition.span, dependent.tables);
  }
  for (std::size_t t = 0; t < model.tables.size(); ++t) {
    const auto& table = model.tables[t];
    if (!changes(model, table)) continue;
    for (const auto& index : table.written->indexes) {
      if (remade(index.definition.value) == index.definition.value) continue;
      add(model, diagnostics, fmt::format("index {} on {}", sql::identifier(index.name.value), sql::table(table.name())),
          index.definition.span, {static_cast<model::TableId>(t)});
    }
  }
}

}  // namespace rekey::lint
