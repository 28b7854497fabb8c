#include "tests/property/journey.h"

#include <fmt/format.h>

#include "compiler/compile.h"
#include "compiler/emit/output.h"
#include "compiler/inspect/inspect.h"

namespace rekey::property {

namespace {

std::string as_app(std::string url) {
  const std::string user = "user=postgres";
  return url.replace(url.find(user), user.size(), "user=app");
}

void make_roles() {
  static const bool once = [] {
    db::Connection(test::server().url("postgres"), "test")
        .exec("CREATE ROLE app LOGIN; CREATE ROLE reader");
    return true;
  }();
  (void)once;
}

}  // namespace

Journey::Journey(const std::string& sql, bool owned_by_app) {
  make_roles();
  if (owned_by_app) {
    database.run(
        "DO $$BEGIN EXECUTE format('ALTER DATABASE %I OWNER TO app', current_database()); END$$");
    url_ = as_app(database.url());
  }
  db::Connection(url_, "test").exec("SET client_min_messages = error; " + sql);
}

void Journey::name_not_nulls(const std::string& decisions) {
  db::Connection session(url_, "test");
  if (session.server_version() < 180000) return;
  for (bool more = true; more;) try {
      compile(decisions);
      more = false;
    } catch (const NotCarriedOver& refused) {
      more = test::rename_not_nulls(refused.what(), session);
    }
}

void Journey::compile(const std::string& decisions) {
  Diagnostics found("decisions.yaml", decisions);
  inspect::Request request{url_, {}, {}, {}, decisions};
  const std::string text = inspect::draft(request, found);
  if (found.has_errors()) throw NotCarriedOver("inspect: " + found.render());
  Diagnostics wrong("plan.yaml", text);
  const auto checked = check_plan(text, wrong);
  if (!checked->model) throw NotCarriedOver(text + "\ncompile: " + wrong.render());
  static const emit::Templates templates{std::nullopt};
  emit::write_folder(bundle_, compile_plan(*checked, text, "plan.yaml", templates, wrong).files);
}

test::Result Journey::rekey(std::vector<std::string> words, int jobs) const {
  words.insert(words.begin() + 1, {bundle_, "--database", url_});
  if (words[0] != "verify") words.insert(words.end(), {"--yes", "--jobs", std::to_string(jobs)});
  return test::rekey(words);
}

void same_schema(const std::string& before, const std::string& after) {
  if (before == after) return;
  std::size_t at = 0;
  while (at < before.size() && at < after.size() && before[at] == after[at]) ++at;
  const std::size_t line = before.rfind('\n', at) + 1;
  throw Broken(fmt::format("the schema differs after rollback:\n--- before\n{}\n--- after\n{}",
                           before.substr(line, 600), after.substr(line, 600)));
}

std::string last_lines(const test::Result& result) {
  return fmt::format(
      "exit {}\n{}{}", result.code,
      result.out.size() > 2000 ? result.out.substr(result.out.size() - 2000) : result.out,
      result.err);
}

void expect_done(const char* what, const test::Result& result) {
  if (result.code != 0) throw Broken(fmt::format("{}: {}", what, last_lines(result)));
}

}  // namespace rekey::property
