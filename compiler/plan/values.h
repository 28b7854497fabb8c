// Reads single values: what a field's kind allows, checked and stored.
#pragma once

#include <string>

#include "compiler/plan/fields.h"
#include "compiler/plan/yaml.h"

namespace rekey::plan {

// "a list", "nothing", "\"yes\"": what stands there, for messages.
std::string describe(const Node& node);

class Values {
 public:
  explicit Values(Diagnostics& diagnostics) : diagnostics_(diagnostics) {}

  // A value of any kind but object, list and map; `title` names it in messages. Stores nothing when
  // it reports an error.
  void read(const Field& field, const Slot& slot, const Node& node, const std::string& title);
  // The key of an item in a map by name. False when it is no such name.
  bool read_name(const Slot& slot, const Node& key);

 private:
  bool read_text(const Node& node, const std::string& title, const Field& field, Text& out);
  bool read_label(const Node& node, const std::string& title);
  bool short_enough(const std::string& name, const Node& node);
  void read_word(const Field& field, const Slot& slot, const Node& node, const std::string& title);
  void read_boolean(const Field& field, Located<bool>& out, const Node& node,
                    const std::string& title);
  void read_integer(const Field& field, Located<int>& out, const Node& node,
                    const std::string& title);
  void read_quantity(const Field& field, Text& out, const Node& node, const std::string& title);
  bool read_table(const Node& node, TableName& out);
  void read_reference(const Field& field, Located<Reference>& out, const Node& node,
                      const std::string& title);
  void wrong_kind(const Field& field, const Node& node, const std::string& title);

  Diagnostics& diagnostics_;
};

}  // namespace rekey::plan
