// bundle.json: one field list a structure, used both ways, so that what is written is what is read.
// Members stand in the order of bundle.h; a value that fits on a line stands on one.
#include "runtime/bundle/json.h"

#include <fmt/format.h>

#include <concepts>
#include <nlohmann/json.hpp>
#include <type_traits>

namespace rekey::bundle {

namespace {

using Json = nlohmann::ordered_json;
template <class T>
concept Structure = std::is_class_v<T>;
constexpr std::size_t kWidth = 100;
constexpr std::string_view kSelfKey = "  \"self\": \"";

template <class F>
void fields(TableLock& x, F f) {
  f("table", x.table);
  f("mode", x.mode);
}

template <class F>
void fields(Side& x, F f) {
  f("text", x.text);
  f("sha256", x.sha256);
  f("journal", x.journal);
  f("statements", x.statements);
  f("locks", x.locks);
  f("rewrites", x.rewrites);
  f("scans", x.scans);
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
void fields(Phase& x, F f) {
  f("id", x.id);
  f("name", x.name);
  f("kind", x.kind);
  f("strategy", x.strategy);
  f("risk", x.risk);
  f("reason", x.reason);
  f("folder", x.folder);
  f("checkpoint", x.checkpoint);
  f("tables", x.tables);
  f("steps", x.steps);
  f("undo_order", x.undo_order);
  f("up_session", x.up_session);
  f("down_session", x.down_session);
  f("verify_session", x.verify_session);
  f("verify", x.verify);
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
  f("fallback", x.fallback);
}

template <class F>
void fields(ForeignKey& x, F f) {
  f("table", x.table);
  f("name", x.name);
  f("definition", x.definition);
}

template <class F>
void fields(Domain& x, F f) {
  f("name", x.name);
  f("generator", x.generator);
  f("phase", x.phase);
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
  f("lock_timeout", x.lock_timeout);
  f("new_keys_schema", x.new_keys_schema);
  f("notices", x.notices);
  f("phases", x.phases);
  f("domains", x.domains);
  f("columns", x.columns);
  f("foreign_keys", x.foreign_keys);
  f("files", x.files);
}

Json write(const std::string& x) { return x; }
Json write(bool x) { return x; }
Json write(LockMode x) { return name(x); }
Json write(const Range& x) { return Json::array({x.offset, x.length}); }
template <std::integral T>
Json write(T x) {
  return x;
}

template <Structure T>
Json write(const T& x);
template <class T>
Json write(const std::vector<T>& list) {
  Json out = Json::array();
  for (const T& x : list) out.push_back(write(x));
  return out;
}
template <Structure T>
Json write(const T& x) {
  Json out = Json::object();
  // The list visits fields of a mutable structure; writing does not change them.
  fields(const_cast<T&>(x), [&](const char* key, auto& field) { out[key] = write(field); });
  return out;
}

void read(const Json& from, std::string& x) { x = from.get<std::string>(); }
void read(const Json& from, bool& x) { x = from.get<bool>(); }
void read(const Json& from, Range& x) {
  x = {from.at(0).get<std::size_t>(), from.at(1).get<std::size_t>()};
}
void read(const Json& from, LockMode& x) {
  for (int i = 0; i < 8; ++i) {
    x = static_cast<LockMode>(i);
    if (name(x) == from.get<std::string>()) return;
  }
  throw Damaged(fmt::format("\"{}\" is no lock mode", from.get<std::string>()));
}
template <std::integral T>
void read(const Json& from, T& x) {
  x = from.get<T>();
}

template <Structure T>
void read(const Json& from, T& x);
template <class T>
void read(const Json& from, std::vector<T>& list) {
  for (const Json& item : from) read(item, list.emplace_back());
}
template <Structure T>
void read(const Json& from, T& x) {
  fields(x, [&](const char* key, auto& field) { read(from.at(key), field); });
}

// Appends the value as one line; false, with something appended, when it is longer than `most` bytes.
bool one_line(const Json& value, std::size_t most, std::string& out) {
  const std::size_t end = out.size() + most;
  if (!value.is_structured()) {
    out += value.dump();
    return out.size() <= end;
  }
  out += value.is_object() ? '{' : '[';
  bool first = true;
  for (auto item = value.begin(); item != value.end(); ++item) {
    if (!first) out += ", ";
    first = false;
    if (value.is_object()) out += Json(item.key()).dump() + ": ";
    if (out.size() > end || !one_line(*item, end - out.size(), out)) return false;
  }
  out += value.is_object() ? '}' : ']';
  return out.size() <= end;
}

void print(const Json& value, std::size_t indent, std::string& out) {
  const std::size_t start = out.size();
  const bool short_list = !value.is_structured() || value.empty();
  if (one_line(value, short_list ? std::string::npos / 2 : kWidth - indent, out)) return;
  out.resize(start);
  out += value.is_object() ? "{\n" : "[\n";
  for (auto item = value.begin(); item != value.end(); ++item) {
    if (item != value.begin()) out += ",\n";
    out.append(indent + 2, ' ');
    if (value.is_object()) out += Json(item.key()).dump() + ": ";
    print(*item, indent + 2, out);
  }
  out += '\n';
  out.append(indent, ' ');
  out += value.is_object() ? '}' : ']';
}

std::string print_members(const Json& object) {
  std::string out = "{\n";
  for (const auto& [key, item] : object.items()) {
    out += "  " + Json(key).dump() + ": ";
    print(item, 2, out);
    out += ",\n";
  }
  return out;
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
  const std::string members = print_members(write(b));
  return fmt::format("{}{}{}\"\n}}\n", members, kSelfKey, sha256(members));
}

Bundle from_json(std::string_view text) {
  try {
    const Json manifest = Json::parse(text);
    if (const int format = manifest.at("format").get<int>(); format != kFormat) {
      throw Damaged(fmt::format("has format {}; this rekey reads format {}", format, kFormat));
    }
    check_self(text);
    Bundle b;
    read(manifest, b);
    return b;
  } catch (const Json::parse_error& e) {
    throw Damaged(fmt::format("is no JSON (byte {})", e.byte));
  } catch (const Json::exception& e) {
    const std::string what =
        e.what();  // "[json.exception.out_of_range.403] key 'format' not found"
    const auto bracket = what.find("] ");
    throw Damaged("is no manifest of a bundle: " +
                  (bracket == std::string::npos ? what : what.substr(bracket + 2)));
  }
}

}  // namespace rekey::bundle
