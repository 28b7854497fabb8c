// The bundle: what rekeyc writes and rekey runs, described by bundle.json in its folder.
//
//   bundle.json            this structure; format version first
//   REVIEW.md              for people
//   010-foundation/up.sql  one folder a phase: up.sql, down.sql, verify.sql
//
// The SQL files are the artefact: a step is a range of bytes in one of them, and its statements are
// ranges inside it. Whoever runs a step sends exactly those bytes, in order, on one session, after
// the session part of the same file. Everything else in a file is comment.
//
// Steps stand in up.sql in an order that satisfies `needs`, in down.sql in one that satisfies
// `undo_needs`. A transactional step has its own BEGIN and COMMIT among its statements.
//
// A reader refuses a folder in which any byte differs from the digests; see read_bundle.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

namespace rekey::bundle {

inline constexpr int kFormat = 1;

// Lock modes of tables, weakest first, as in "Explicit Locking" of the PostgreSQL manual.
enum class LockMode {
  access_share,
  row_share,
  row_exclusive,
  share_update_exclusive,
  share,
  share_row_exclusive,
  exclusive,
  access_exclusive
};
bool conflict(LockMode a, LockMode b);
std::string_view name(LockMode mode);  // "ACCESS EXCLUSIVE"

struct TableLock {
  std::string table;  // quoted as SQL needs it: public."Users"
  LockMode mode;
  bool operator==(const TableLock&) const = default;
};

// Bytes of a file: [offset, offset + length).
struct Range {
  std::size_t offset = 0;
  std::size_t length = 0;
};

// One direction of a step.
struct Side {
  Range text;           // header comment included
  std::string journal;  // what rekey.steps has for it: SHA-256 of its statements, without its own
                        // digest for a step that enters itself into the journal
  std::vector<Range> statements;             // absolute in the file, each with its semicolon
  std::vector<TableLock> locks;              // strongest per table; what the scheduler goes by
  std::vector<std::string> rewrites, scans;  // tables
  bool shared = false;  // of its three statements the second may run in several sessions at once
};

struct Step {
  std::string id;     // "030.users.rewrite"
  std::string kind;   // the last part of the id: open, detach, keys, rewrite, attach, validate,
                      // vacuum, close
  std::string table;  // empty when the step is about none or many
  bool transactional = true;
  bool undo_always = false;        // its down side runs in every rollback of its phase, done or not
  std::vector<std::string> needs;  // up: these are done
  std::vector<std::string> undo_needs;  // down: these are undone, or never were done
  Side up, down;
};

// A check of the plan that is a command of the team's: /bin/sh runs it, and it has to exit 0.
struct Command {
  std::string name, command;
  bool before = false, after = false;  // the phase
};

struct Phase {
  std::string id;    // "030"
  std::string name;  // "users"
  std::string kind;  // foundation, tables, cleanup
  std::string strategy;
  std::string risk, reason;
  std::string folder;                              // "030-users"
  bool checkpoint = false;                         // apply stops after it and says so
  std::string way_back = "exact";                  // once it is applied: that, or what is otherwise after a rollback
  std::vector<std::string> tables;                 // all that the phase changes
  std::vector<Step> steps;                         // in the order of up.sql
  std::vector<std::string> undo_order;             // step ids in the order of down.sql
  Range up_session, down_session, verify_session;  // SET statements at the top of each file
  std::vector<Range> verify;  // statements of verify.sql, each a row set: check, object, ok, detail
  std::vector<Command> commands;
  std::vector<std::string> own;  // relations and functions that SQL of the plan's own makes or alters, quoted: what
                                 // uses keys there is not unknown once the phase is there
};

struct Column {
  std::string table, column;  // table quoted, column as in the catalog
  std::string type;           // before
  std::string new_type = "uuid";
  std::string phase;
  std::string domain;
  bool source = false;   // brings ids into the domain
  std::string fallback;  // its default before the change, in the words of to_fallback
  bool settled = false;  // its phase takes care of rows whose key here no row has
  std::string dropped;   // the phase in which it goes, or empty
};

// One that a phase adds: a surrogate, or what refers to it.
struct NewColumn {
  std::string table, column;  // table quoted, column as in the catalog
  std::string phase;
};

struct ForeignKey {
  std::string table, name;  // table quoted, name as in the catalog
  std::string definition;   // pg_get_constraintdef with an empty search_path
  bool settled = false;     // its phase takes care of rows that break it
  std::string dropped;      // the phase in which it goes with its columns, or empty
  std::string phase;        // that adds it at its end; empty: it was there before
};

// Anything else whose definition uses key columns: a view, a trigger, a policy.
struct Dependent {
  std::string kind, name, table;  // as SQL writes them; table: that it stands on, or empty
  std::string sha256;             // of its definition before the change
  std::vector<std::string> phases;  // that change what it uses
  bool moves = false;               // it is dropped and made again
  bool replaced = false;            // by what the plan gives, and so perhaps with other arguments
  bool returns = true;              // it is there after the change too
  std::vector<std::string> replacements;  // functions that take its place: public.f(uuid)
  std::string remade_sha256;        // of its definition after a rollback, where PostgreSQL writes it otherwise then
};

// A default in words that compare: "identity always, sequence public.s", "sequence public.s", an
// expression as pg_get_expr prints it, or nothing.
std::string to_fallback(const std::string& identity, const std::string& sequence,
                        const std::string& expression);

// What the plan wants to know of a root's table, and what people made of it; empty where nothing was said.
struct Inventory {
  std::string unprocessed, where;         // conditions over a row
  std::string time_column, owner_column;  // as in the catalog
  std::string decided, reason, date;      // full, hybrid or forward_only
};

struct Domain {
  std::string name;       // "public.users.user_id"
  std::string generator;  // ordered, keyed, v4, v5, v7, expression, parent
  std::string phase;
  std::string table, column;  // its root
  std::string time_column;    // of that table; v7 alone has one
  std::vector<std::string> name_columns;  // of that table; v5 and parent have some
  std::string compared_name;              // an expression that is equal for rows that would get one key, or empty
  std::string name_space;                 // a UUID
  bool name_changes = false;              // keys that change stand in it: compared_name is not the name itself
  std::string expression;                 // over its columns; generator expression alone has one
  bool merges = false;                    // its phase makes one row of those that would get one key
  std::string where;                      // a condition over its rows: those that get new keys; empty: all
  std::vector<std::string> stages;        // phases that change a part of them before its own takes the rest
  Inventory inventory;
  // Its keys are made from rows of the root, not from ids alone.
  bool listed() const { return !time_column.empty() || !name_columns.empty() || !expression.empty(); }
};

// A finding that people have judged, up to the last day on which that holds: "2026-12-31".
struct Waiver {
  std::string finding, at, reason, until;
};

// What may stand in the way of a phase in its rows: a query of one row, how many there are and one of them.
struct Expectation {
  std::string phase, query;
  std::string what, fix;  // "public.events.payload: values at $.user.id that are no keys"
};

struct File {
  std::string path;  // relative, with /
  std::string sha256;
  std::uint64_t bytes = 0;
};

struct Bundle {
  std::filesystem::path folder;  // not stored
  int format = kFormat;
  std::string plan;          // name
  std::string plan_digest;   // sha256:…
  std::string compiler;      // version
  int server = 0;            // major version of PostgreSQL that it is for; 0: any from 13
  std::string lock_timeout;  // as in the plan: "2s"
  std::string new_keys_schema;  // where foundation makes uuidv7(), as in the catalog; may be empty
  std::vector<File> files;   // all but bundle.json itself
  std::vector<Phase> phases;
  std::vector<Domain> domains;
  std::vector<Column> columns;           // all key columns that change
  std::vector<NewColumn> new_columns;
  std::vector<ForeignKey> foreign_keys;  // all that touch them
  std::vector<Dependent> dependents;     // all else that does
  std::vector<Waiver> waivers;
  std::vector<Expectation> expectations;
  std::vector<std::string> notices;  // findings of the compiler that apply repeats before the first phase
};

// bundle.json of `b`, ending with a line feed. Its last member is "self": the SHA-256 of all the
// bytes before that member, so that a flipped byte in the manifest itself is found.
std::string to_json(const Bundle& b);

struct Damaged : std::runtime_error {
  using std::runtime_error::runtime_error;  // names the file
};

// Reads and checks the whole folder: manifest syntax, format version, self digest, every file's
// size and digest, no file missing or added, ranges inside their files. Throws Damaged.
Bundle read_bundle(const std::filesystem::path& folder);

// All of a file; throws Damaged.
std::string read_bytes(const std::filesystem::path& path);

// The bytes of a file of the bundle; read once by read_bundle's caller and kept.
std::string read_file(const Bundle& b, const std::string& path);

// Lower-case hexadecimal.
std::string sha256(std::string_view bytes);

// public."f(x)" of public."f(x)"(integer).
std::string without_arguments(const std::string& function);

}  // namespace rekey::bundle
