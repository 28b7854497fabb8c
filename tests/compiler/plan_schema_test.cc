// The JSON Schema says what the parser says.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "compiler/plan/fields.h"
#include "compiler/plan/json_schema.h"

namespace rekey::plan {
namespace {

using Json = nlohmann::json;

// The definition of an object, without its short form.
Json keys_of(const Json& schema, const Object& object) {
  if (&object == &plan_object()) return schema;
  const Json& definition = schema.at("$defs").at(std::string(object.id));
  return definition.contains("anyOf") ? definition.at("anyOf").at(1) : definition;
}

TEST(PlanSchema, NamesEveryField) {
  Json schema = Json::parse(json_schema());
  EXPECT_EQ(schema.at("$schema"), "https://json-schema.org/draft/2020-12/schema");
  std::size_t checked = 0;
  for (const Object* object : all_objects()) {
    Json keys = keys_of(schema, *object);
    EXPECT_EQ(keys.at("additionalProperties"), false) << object->id;
    EXPECT_EQ(keys.at("properties").size(), object->fields.size());
    Json required = Json::array();
    for (const Field& field : object->fields) {
      const Json& property = keys.at("properties").at(std::string(field.key));
      EXPECT_EQ(property.at("description"), field.help);
      EXPECT_EQ(property.value("enum", Json::array()), Json(field.words));
      if (field.required) required.push_back(field.key);
      checked++;
    }
    EXPECT_EQ(keys.value("required", Json::array()), required) << object->id;
  }
  EXPECT_EQ(checked, 131u);
}

TEST(PlanSchema, EveryReferenceLeadsSomewhere) {
  Json schema = Json::parse(json_schema()).flatten();
  std::size_t references = 0;
  for (const auto& [path, value] : schema.items()) {
    if (!path.ends_with("/$ref")) continue;
    std::string target = value.get<std::string>().substr(1);
    EXPECT_TRUE(schema.contains(target + "/description")) << target;
    references++;
  }
  EXPECT_EQ(references, 19u);
}

TEST(PlanSchema, KindsOfValues) {
  Json schema = Json::parse(json_schema());
  const Json& properties = schema.at("properties");
  EXPECT_EQ(properties.at("version").at("const"), kVersion);
  EXPECT_EQ(properties.at("server").at("minimum"), 13);
  EXPECT_EQ(properties.at("strategy").at("default"), "offline");
  EXPECT_EQ(properties.at("lock_timeout").at("pattern"), "^[0-9]+(ms|s|min|h)$");
  EXPECT_EQ(properties.at("tables").at("additionalProperties").at("$ref"), "#/$defs/table");
  EXPECT_EQ(properties.at("phases").at("items").at("$ref"), "#/$defs/phase");
  EXPECT_EQ(schema.at("$defs").at("phase").at("properties").at("checkpoint").at("default"), false);
  EXPECT_EQ(schema.at("$defs").at("column").at("anyOf").at(0).at("enum").size(), 9u);
}

}  // namespace
}  // namespace rekey::plan
