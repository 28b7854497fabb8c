#include "compiler/compile.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "compiler/lint/dependents.h"
#include "compiler/lint/index_changes.h"
#include "compiler/lint/online.h"
#include "compiler/lint/phase_effects.h"
#include "compiler/lint/remade.h"
#include "compiler/lint/server.h"
#include "compiler/lint/user_sql.h"
#include "compiler/lint/waivers.h"
#include "compiler/lower/step.h"
#include "compiler/model/resolve.h"
#include "compiler/plan/parse.h"

namespace rekey {

std::string read_plan(const std::filesystem::path& path) {
  if (std::filesystem::is_directory(path)) {
    throw CannotRead(fmt::format("cannot read {}: it is a folder", path.string()));
  }
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  if (!in || !(text << in.rdbuf()).good()) {
    const bool empty = in.is_open() && in.peek() == EOF;
    if (!empty) throw CannotRead(fmt::format("cannot read {}: {}", path.string(), std::strerror(errno ? errno : EIO)));
  }
  return text.str();
}

std::unique_ptr<Checked> check_plan(const std::string& text, Diagnostics& diagnostics, int server) {
  auto checked = std::make_unique<Checked>();
  checked->plan = plan::parse(text, diagnostics);
  if (server != 0) checked->plan.server.value = server;
  if (diagnostics.has_errors()) return checked;
  lint::check_server(checked->plan, diagnostics);
  lint::check_user_sql(checked->plan, diagnostics);
  lint::check_waivers(checked->plan, diagnostics);
  if (diagnostics.has_errors()) return checked;
  checked->model = model::resolve(checked->plan, diagnostics);
  if (checked->model) lint::read_dependents(*checked->model, diagnostics);
  if (checked->model) lint::read_index_changes(*checked->model, diagnostics);
  if (checked->model) lint::check_online(*checked->model, diagnostics);
  if (checked->model) lint::check_phase_effects(*checked->model, diagnostics);
  if (checked->model && !diagnostics.has_errors()) lint::find_remade(*checked->model, diagnostics);
  if (!diagnostics.has_errors()) lint::apply_waivers(checked->plan, diagnostics);
  if (diagnostics.has_errors()) checked->model.reset();
  return checked;
}

emit::Emitted compile_plan(const Checked& checked, const std::string& text,
                           const std::filesystem::path& plan_file, const emit::Templates& templates,
                           const Diagnostics& diagnostics) {
  emit::Input input{*checked.model, lower::lower(*checked.model), plan_file.filename().string(),
                    "sha256:" + bundle::sha256(text)};
  return emit::emit(std::move(input), templates, diagnostics);
}

}  // namespace rekey
