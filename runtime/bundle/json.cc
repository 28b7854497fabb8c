// bundle.json: one field list a structure, used both ways, so that what is written is what is read.
// Members stand in the order of bundle.h, those of the bundle, its phases and its steps on a line
// each.
#include "runtime/bundle/json.h"

#include <fmt/format.h>

#include <algorithm>
#include <concepts>
#include <iterator>
#include <nlohmann/json.hpp>
#include <type_traits>
#include <utility>

namespace rekey::bundle {

namespace {

using nlohmann::json;
template <class T>
concept Structure = std::is_class_v<T> && !std::is_same_v<T, std::string>;
constexpr std::string_view kSelfKey = "  \"self\": \"";

template <class F>
void fields(TableLock& x, F f) {
  f("table", x.table);
  f("mode", x.mode);
}

template <class F>
void fields(Side& x, F f) {
  f("text", x.text);
  f("journal", x.journal);
  f("statements", x.statements);
  f("locks", x.locks);
  f("rewrites", x.rewrites);
  f("scans", x.scans);
  f("shared", x.shared);
}

template <class F>
void fields(Step& x, F f) {
  f("id", x.id);
  f("kind", x.kind);
  f("table", x.table);
  f("transactional", x.transactional);
  f("undo_always", x.undo_always);
  f("needs", x.needs);
  f("undo_needs", x.undo_needs);
  f("up", x.up);
  f("down", x.down);
}

template <class F>
void fields(Command& x, F f) {
  f("name", x.name);
  f("command", x.command);
  f("before", x.before);
  f("after", x.after);
}

template <class F>
void fields(Phase& x, F f) {
  f("id", x.id);
  f("name", x.name);
  f("kind", x.kind);
  f("strategy", x.strategy);
  f("risk", x.risk);
  f("reason", x.reason);
  f("folder", x.folder);
  f("checkpoint", x.checkpoint);
  f("way_back", x.way_back);
  f("tables", x.tables);
  f("steps", x.steps);
  f("undo_order", x.undo_order);
  f("up_session", x.up_session);
  f("down_session", x.down_session);
  f("verify_session", x.verify_session);
  f("verify", x.verify);
  f("commands", x.commands);
  f("own", x.own);
}

template <class F>
void fields(Column& x, F f) {
  f("table", x.table);
  f("column", x.column);
  f("type", x.type);
  f("new_type", x.new_type);
  f("phase", x.phase);
  f("domain", x.domain);
  f("source", x.source);
  f("settled", x.settled);
  f("dropped", x.dropped);
  f("fallback", x.fallback);
}

template <class F>
void fields(NewColumn& x, F f) {
  f("table", x.table);
  f("column", x.column);
  f("phase", x.phase);
}

template <class F>
void fields(ForeignKey& x, F f) {
  f("table", x.table);
  f("name", x.name);
  f("definition", x.definition);
  f("settled", x.settled);
  f("dropped", x.dropped);
  f("phase", x.phase);
}

template <class F>
void fields(Dependent& x, F f) {
  f("kind", x.kind);
  f("name", x.name);
  f("table", x.table);
  f("sha256", x.sha256);
  f("phases", x.phases);
  f("moves", x.moves);
  f("replaced", x.replaced);
  f("returns", x.returns);
  f("replacements", x.replacements);
  f("remade_sha256", x.remade_sha256);
}

template <class F>
void fields(Inventory& x, F f) {
  f("unprocessed", x.unprocessed);
  f("where", x.where);
  f("time_column", x.time_column);
  f("owner_column", x.owner_column);
  f("decided", x.decided);
  f("reason", x.reason);
  f("date", x.date);
}

template <class F>
void fields(Domain& x, F f) {
  f("name", x.name);
  f("generator", x.generator);
  f("phase", x.phase);
  f("table", x.table);
  f("column", x.column);
  f("time_column", x.time_column);
  f("name_columns", x.name_columns);
  f("compared_name", x.compared_name);
  f("name_space", x.name_space);
  f("name_changes", x.name_changes);
  f("expression", x.expression);
  f("merges", x.merges);
  f("where", x.where);
  f("stages", x.stages);
  f("inventory", x.inventory);
}

template <class F>
void fields(Waiver& x, F f) {
  f("finding", x.finding);
  f("at", x.at);
  f("reason", x.reason);
  f("until", x.until);
}

template <class F>
void fields(Expectation& x, F f) {
  f("phase", x.phase);
  f("query", x.query);
  f("what", x.what);
  f("fix", x.fix);
}

template <class F>
void fields(File& x, F f) {
  f("path", x.path);
  f("sha256", x.sha256);
  f("bytes", x.bytes);
}

template <class F>
void fields(Bundle& x, F f) {
  f("format", x.format);
  f("plan", x.plan);
  f("plan_digest", x.plan_digest);
  f("compiler", x.compiler);
  f("server", x.server);
  f("lock_timeout", x.lock_timeout);
  f("new_keys_schema", x.new_keys_schema);
  f("waivers", x.waivers);
  f("notices", x.notices);
  f("phases", x.phases);
  f("domains", x.domains);
  f("columns", x.columns);
  f("new_columns", x.new_columns);
  f("foreign_keys", x.foreign_keys);
  f("dependents", x.dependents);
  f("expectations", x.expectations);
  f("files", x.files);
}

// Writes at the end of `out`; what would break into lines does so only where indent is not kInline.
constexpr int kInline = -2;
template <class T>
constexpr bool kOpens =
    std::is_same_v<T, Bundle> || std::is_same_v<T, Phase> || std::is_same_v<T, Step>;

void new_line(std::string& out, int indent) { out.append(1, '\n').append(indent, ' '); }

void write(std::string& out, int, const std::string& x) {
  const bool plain = std::ranges::all_of(
      x, [](unsigned char c) { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\'; });
  if (plain) out.append(1, '"').append(x).append(1, '"');
  else out += json(x).dump();
}
void write(std::string& out, int, bool x) { out += x ? "true" : "false"; }
void write(std::string& out, int, LockMode x) { write(out, kInline, std::string(name(x))); }
template <std::integral T>
void write(std::string& out, int, T x) {
  out += std::to_string(x);
}
void write(std::string& out, int, const Range& x) {
  fmt::format_to(std::back_inserter(out), "[{}, {}]", x.offset, x.length);
}

template <Structure T>
void write(std::string& out, int indent, const T& x);
template <class T>
void write(std::string& out, int indent, const std::vector<T>& list) {
  const bool lines = indent >= 0 && !list.empty() && Structure<T> && !std::is_same_v<T, Range>;
  out += '[';
  for (const T& x : list) {
    if (&x != &list.front()) out += lines ? "," : ", ";
    if (lines) new_line(out, indent + 2);
    write(out, lines ? indent + 2 : kInline, x);
  }
  if (lines) new_line(out, indent);
  out += ']';
}
template <Structure T>
void write(std::string& out, int indent, const T& x) {
  const bool lines = indent >= 0 && kOpens<T>;
  out += '{';
  bool first = true;
  // The list visits fields of a mutable structure; writing does not change them.
  fields(const_cast<T&>(x), [&](const char* key, auto& field) {
    if (!first) out += lines ? "," : ", ";
    first = false;
    if (lines) new_line(out, indent + 2);
    out.append(1, '"').append(key).append("\": ");
    write(out, lines ? indent + 2 : kInline, field);
  });
  if (lines) new_line(out, indent);
  out += '}';
}

[[noreturn]] void wrong(const json& from, const char* expected) {
  throw Damaged(fmt::format("has {} where {} stands",
                            from.dump(-1, ' ', true).substr(0, 40), expected));
}

// Each takes its value out of the tree.
void read(json& from, std::string& x) {
  if (!from.is_string()) wrong(from, "a text");
  x = std::move(from.get_ref<std::string&>());
}
void read(json& from, bool& x) { x = from.get<bool>(); }
void read(json& from, LockMode& x) {
  for (int i = 0; i < 8; ++i) {
    x = static_cast<LockMode>(i);
    if (name(x) == from.get<std::string>()) return;
  }
  throw Damaged(fmt::format("\"{}\" is no lock mode", from.get<std::string>()));
}
// What the library would round or cut off is refused; no negative numbers are written.
template <std::integral T>
void read(json& from, T& x) {
  if (!from.is_number_unsigned() || !std::in_range<T>(from.get<std::uint64_t>())) {
    wrong(from, "a whole number");
  }
  x = from.get<T>();
}
void read(json& from, Range& x) {
  if (!from.is_array() || from.size() != 2) wrong(from, "a range");
  read(from.at(0), x.offset);
  read(from.at(1), x.length);
}

template <Structure T>
void read(json& from, T& x);
template <class T>
void read(json& from, std::vector<T>& list) {
  if (!from.is_array()) wrong(from, "a list");
  for (json& item : from) read(item, list.emplace_back());
}
template <Structure T>
void read(json& from, T& x) {
  fields(x, [&](const char* key, auto& field) { read(from.at(key), field); });
}

void check_self(std::string_view text) {
  const auto at = text.rfind(kSelfKey);
  if (at == std::string_view::npos) throw Damaged("has no digest of itself");
  const std::string_view members = text.substr(0, at);
  if (text.substr(at) != fmt::format("{}{}\"\n}}\n", kSelfKey, sha256(members))) {
    throw Damaged("differs from what was compiled");
  }
}

}  // namespace

std::string to_json(const Bundle& b) {
  std::string out;
  write(out, 0, b);
  out.replace(out.size() - 2, 2, ",\n");  // one member follows
  const std::string digest = sha256(out);
  return out.append(kSelfKey).append(digest).append("\"\n}\n");
}

Bundle from_json(std::string_view text) {
  try {
    json manifest = json::parse(text);
    int format = 0;
    read(manifest.at("format"), format);
    if (format != kFormat) {
      throw Damaged(fmt::format("has format {}; this rekey reads format {}", format, kFormat));
    }
    check_self(text);
    Bundle b;
    read(manifest, b);
    return b;
  } catch (const json::parse_error& e) {
    throw Damaged(fmt::format("is no JSON (byte {})", e.byte));
  } catch (const json::exception& e) {
    const std::string what =
        e.what();  // "[json.exception.out_of_range.403] key 'format' not found"
    const auto bracket = what.find("] ");
    throw Damaged("is no manifest of a bundle: " +
                  (bracket == std::string::npos ? what : what.substr(bracket + 2)));
  }
}

}  // namespace rekey::bundle
