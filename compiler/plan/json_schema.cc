// Turns the table of fields into a schema: a definition an object, the plan itself at the root.
#include "compiler/plan/json_schema.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "compiler/plan/fields.h"
#include "compiler/plan/names.h"

namespace rekey::plan {
namespace {

using Json = nlohmann::ordered_json;

const std::string kPart = R"re((?:"(?:[^"]|"")+"|[^\s."(),]+))re";
const std::string kTable = kPart + R"re(\.)re" + kPart;
const std::string kColumns = fmt::format(R"re(\(\s*{0}(?:\s*,\s*{0})*\s*\))re", kPart);

Json pattern(const std::string& expression) {
  return {{"type", "string"}, {"pattern", "^" + expression + "$"}};
}

Json name() { return {{"type", "string"}, {"minLength", 1}, {"maxLength", kMaxName}}; }

// Letters beyond ASCII may stand in a label too.
Json label() {
  const std::string edge = R"re([\w\u0080-\uffff-])re";
  const std::string inside = R"re([\w .\u0080-\uffff-])re";
  const std::string last = R"re([\w.\u0080-\uffff-])re";
  Json out = pattern(fmt::format("{}({}*{})?", edge, inside, last));
  out["maxLength"] = kMaxName;
  return out;
}

Json one_or_many(const Json& one) {
  return {{"anyOf", {one, {{"type", "array"}, {"items", one}}}}};
}

Json definition(const Object& object) { return {{"$ref", fmt::format("#/$defs/{}", object.id)}}; }

Json items_by_name(const Object& object) {
  bool tables = object.name_kind == Kind::qualified;
  return {{"type", "object"},
          {"propertyNames", tables ? pattern(kTable) : name()},
          {"additionalProperties", definition(object)}};
}

Json shape(const Field& field) {
  switch (field.kind) {
    case Kind::text:
      return {{"type", {"string", "number", "boolean"}}};
    case Kind::label:
      return label();
    case Kind::name:
      return name();
    case Kind::names:
      return one_or_many(name());
    case Kind::stages:
      return {{"type", "array"}, {"items", {{"anyOf", {{{"type", "integer"}, {"minimum", 1}}, {{"const", "rest"}}}}}}};
    case Kind::word:
      return {{"enum", field.words}};
    case Kind::boolean:
      return {{"type", "boolean"}};
    case Kind::integer:
      if (field.least == field.most) return {{"const", field.least}};
      return {{"type", "integer"}, {"minimum", field.least}, {"maximum", field.most}};
    case Kind::duration:
      return pattern("[0-9]+(ms|s|min|h)");
    case Kind::memory:
      return pattern("[0-9]+(kB|MB|GB)");
    case Kind::qualified:
    case Kind::table:
      return pattern(kTable);
    case Kind::tables:
      return one_or_many(pattern(kTable));
    case Kind::reference:
      return pattern(fmt::format(R"re({}(\s*{})?\s*)re", kTable, kColumns));
    case Kind::object:
      return definition(*field.object);
    case Kind::list:
      return {{"type", "array"}, {"items", definition(*field.object)}};
    case Kind::map:
      return items_by_name(*field.object);
  }
  return {};
}

// A value as the plan's text has it, for "default".
Json standard(const Field& field) {
  if (field.kind == Kind::boolean) return field.standard == "true";
  return field.standard;
}

Json property(const Field& field) {
  Json out = {{"description", field.help}};
  out.update(shape(field));
  if (!field.standard.empty()) out["default"] = standard(field);
  return out;
}

Json object_schema(const Object& object) {
  Json properties = Json::object(), required = Json::array();
  for (const Field& field : object.fields) {
    properties[std::string(field.key)] = property(field);
    if (field.required) required.push_back(field.key);
  }
  Json out = {{"type", "object"}, {"properties", properties}, {"additionalProperties", false}};
  if (!required.empty()) out["required"] = required;
  return out;
}

// Either the keys, or the one value that stands for them.
Json with_shorthand(const Object& object) {
  Json out = {{"description", object.help}};
  if (object.shorthand.empty())
    out.update(object_schema(object));
  else
    out["anyOf"] = {shape(*object.find(object.shorthand)), object_schema(object)};
  return out;
}

}  // namespace

std::string json_schema() {
  Json schema = {{"$schema", "https://json-schema.org/draft/2020-12/schema"},
                 {"title", fmt::format("rekey plan, version {}", kVersion)}};
  schema.update(with_shorthand(plan_object()));
  for (const Object* object : all_objects())
    if (object != &plan_object())
      schema["$defs"][std::string(object->id)] = with_shorthand(*object);
  return schema.dump(2) + "\n";
}

}  // namespace rekey::plan
