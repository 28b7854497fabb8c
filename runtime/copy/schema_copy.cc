#include "runtime/copy/schema_copy.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "runtime/copy/broken_keys.h"
#include "runtime/copy/program.h"
#include "runtime/db/server_message.h"
#include "runtime/outcome.h"

namespace rekey {

namespace {

namespace fs = std::filesystem;

// Names of roles are part of a schema: they own, they are granted to, policies are for them.
constexpr const char* kRoles = R"(
SELECT format('CREATE ROLE %I%s%s;', rolname, CASE WHEN rolsuper THEN ' SUPERUSER' END,
              CASE WHEN rolbypassrls THEN ' BYPASSRLS' END)
FROM pg_roles WHERE rolname !~ '^pg_'
UNION ALL
SELECT format('GRANT %I TO %I;', r.rolname, m.rolname)
FROM pg_auth_members a JOIN pg_roles r ON r.oid = a.roleid JOIN pg_roles m ON m.oid = a.member
WHERE m.rolname !~ '^pg_'
ORDER BY 1)";

// Role exists already; role is of another version of the server.
bool is_expected(const db::Error& error) { return error.sqlstate == "42710" || error.sqlstate == "42704"; }

struct Client {
  std::string pg_dump, psql;
};

int major_of(const std::string& pg_dump, const fs::path& folder) {
  const fs::path output = folder / "version";
  if (run_program({pg_dump, "--version"}, output).code != 0) return 0;
  std::ifstream in(output);
  for (std::string word; in >> word;) {
    if (const int number = std::atoi(word.c_str())) return number;
  }
  return 0;
}

// The oldest that can read the server: what a newer one writes, an older sandbox may not know.
Client find_client(int major, const fs::path& folder) {
  for (int version = major; version < major + 20; ++version) {
    const fs::path bin = fs::path("/usr/lib/postgresql") / std::to_string(version) / "bin";
    if (access((bin / "pg_dump").c_str(), X_OK) == 0 && access((bin / "psql").c_str(), X_OK) == 0) {
      return {(bin / "pg_dump").string(), (bin / "psql").string()};
    }
  }
  const int found = major_of("pg_dump", folder);
  if (found >= major) return {"pg_dump", "psql"};
  throw CannotCopy(fmt::format(
      "the copy of the schema needs pg_dump {} or newer, and {}\n  install the package postgresql-client-{}",
      major, found ? fmt::format("the one in PATH is {}", found) : "there is none here", major));
}

std::unique_ptr<Sandbox> start_server(int major) {
  std::unique_ptr<Sandbox> server;
  try {
    server = std::make_unique<Sandbox>(SandboxOptions{std::to_string(major)});
  } catch (const Usage&) {
    server = std::make_unique<Sandbox>(SandboxOptions{});
  }
  const int here = db::Connection(server->url(), "rekey copy").server_version() / 10000;
  if (here < major) {
    throw CannotCopy(fmt::format(
        "the copy of the schema needs PostgreSQL {} or newer, and the newest here is {}\n  install the package "
        "postgresql-{}",
        major, here, major));
  }
  return server;
}

// The password goes by the environment, where no list of processes shows it.
std::map<std::string, std::string> password_of(const std::string& address) {
  std::map<std::string, std::string> environment;
  if (const auto password = db::password_of(address); !password.empty()) environment["PGPASSWORD"] = password;
  return environment;
}

void dump(const std::string& pg_dump, const std::string& address, const std::string& snapshot,
          const std::vector<std::string>& sections, const fs::path& file) {
  std::vector<std::string> words = {pg_dump, "--no-password", "--no-subscriptions", "--no-security-labels",
                                    "--exclude-schema=rekey", "--lock-wait-timeout=10s"};
  words.insert(words.end(), sections.begin(), sections.end());
  if (!snapshot.empty()) words.push_back("--snapshot=" + snapshot);
  if (!address.empty()) words.insert(words.end(), {"-d", db::address_without_password(address)});
  const Ended ended = run_program(words, file, password_of(address));
  if (ended.code == 0) return;
  throw CannotCopy(fmt::format("the schema cannot be copied: {}\n  pg_dump has to be able to read all of the "
                               "schema: connect as a role that owns it",
                               db::without_password(ended.errors, address)));
}

// Where their names stand in definitions, they have to be there.
void make_tablespaces(db::Connection& copy, db::Connection& live, const fs::path& folder) {
  struct stat owner{};
  stat((folder / "data").c_str(), &owner);
  int number = 0;
  for (const db::Row& row : live.exec("SELECT spcname FROM pg_tablespace WHERE spcname !~ '^pg_'").rows) {
    const fs::path place = folder / fmt::format("tablespace-{}", ++number);
    fs::create_directory(place);
    if (geteuid() == 0 && chown(place.c_str(), owner.st_uid, owner.st_gid) != 0) continue;
    copy.exec(fmt::format("CREATE TABLESPACE {} LOCATION {}", db::quote_identifier(row[0].value()),
                          db::quote_literal(place.string())));
  }
}

void make_roles(db::Connection& copy, const db::Rows& roles) {
  for (const db::Row& row : roles.rows) {
    try {
      copy.exec(row[0].value_or(""));
    } catch (const db::Error& error) {
      if (!is_expected(error)) throw;
    }
  }
}

// Of "psql:dump.sql:12: ERROR:  what" what. A setting that only newer servers know is no loss.
std::vector<std::string> errors_in(const std::string& output) {
  std::vector<std::string> out;
  std::istringstream lines(output);
  for (std::string line; std::getline(lines, line);) {
    constexpr std::string_view kError = " ERROR:  ";
    const auto at = line.find(kError);
    if (at == std::string::npos || line.find("unrecognized configuration parameter", at) != std::string::npos) continue;
    out.push_back(line.substr(at + kError.size()));
  }
  return out;
}

}  // namespace

std::string Psql::run(const std::string& script) const {
  const fs::path file = folder / "script.sql";
  std::ofstream(file) << script;
  std::vector<std::string> words = {program, "-X", "-q", "-f", file.string()};
  if (!address.empty()) words.insert(words.end(), {"-d", db::address_without_password(address)});
  const Ended ended = run_program(words, folder / "output", environment);
  if (ended.code != 0) throw CannotCopy("psql cannot run: " + db::without_password(ended.errors, address));
  return ended.errors;
}

SchemaCopy copy_schema(const std::string& given, db::Connection& live, const std::string& snapshot, const Fill& fill) {
  const int major = live.server_version() / 10000;
  const std::string address = db::address_of(given);
  const db::Rows roles = live.exec(kRoles);
  SchemaCopy copy;
  copy.search_path =
      live.exec("SELECT reset_val FROM pg_settings WHERE name = 'search_path'").only().value_or("");
  copy.server = start_server(major);
  copy.url = copy.server->url() + "&options=";
  const fs::path& folder = copy.server->folder();
  const Client client = find_client(major, folder);
  db::Connection here(copy.url, "rekey copy");
  copy.version = here.exec("SHOW server_version").only().value_or("");
  copy.version = copy.version.substr(0, copy.version.find(' '));
  make_roles(here, roles);
  make_tablespaces(here, live, folder);
  const Psql psql{client.psql, copy.url, {}, folder};
  const auto load = [&](const std::vector<std::string>& sections) {
    const fs::path file = folder / "schema.sql";
    dump(client.pg_dump, address, snapshot, sections, file);
    const auto lost = errors_in(psql.run(fmt::format("\\i '{}'\n", file.string())));
    copy.lost.insert(copy.lost.end(), lost.begin(), lost.end());
  };
  if (!fill) {
    load({"--schema-only"});
    return copy;
  }
  load({"--schema-only", "--section=pre-data"});
  fill({client.psql, address, password_of(address), folder}, psql, here);
  load({"--schema-only", "--section=post-data"});
  add_broken_keys(here, live, copy.lost);
  return copy;
}

}  // namespace rekey
