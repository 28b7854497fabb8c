// What libpq says about errors, taken apart, and freed of passwords.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace rekey::db {

struct ServerMessage {
  std::string message, detail, hint, context;
};

// Takes apart "ERROR:  message\nDETAIL:  …\nHINT:  …\nCONTEXT:  …". Any part may have several
// lines.
ServerMessage parse_server_message(std::string_view text);

// The message of a failed attempt to connect to `address`, with nothing of the address's password
// in it.
std::string without_password(std::string message, const std::string& address);

// The address as it was given, else that of DATABASE_URL, else empty: libpq's own defaults.
std::string address_of(const std::string& given);

// The password in an address; mostly none.
std::string password_of(const std::string& address);

// An address as the environment of a program that uses libpq: PGHOST, PGDATABASE, PGPASSWORD and so on.
std::map<std::string, std::string> environment_of(const std::string& address);

// An address that libpq takes, a URL or words ("host=h password=p"), as it can be shown and used
// again: as it is, or in words without those that are secret.
std::string address_without_password(const std::string& address);

}  // namespace rekey::db
