#include "runtime/db/server_message.h"

#include <libpq-fe.h>

#include <cstdlib>
#include <map>
#include <memory>
#include <vector>

namespace rekey::db {

namespace {

bool upper(char c) { return c >= 'A' && c <= 'Z'; }

// "DETAIL:  the rest" begins a part; returns the length of "DETAIL", or 0.
std::size_t label(std::string_view line) {
  std::size_t n = 0;
  while (n < line.size() && upper(line[n])) ++n;
  return n > 0 && line.substr(n).starts_with(":  ") ? n : 0;
}

void replace_all(std::string& text, const std::string& what, std::string_view with) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += with.size()) {
    text.replace(at, what.size(), with);
  }
}

std::string percent_decoded(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      out += static_cast<char>(std::strtol(text.substr(i + 1, 2).c_str(), nullptr, 16));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

// The part of "scheme://user:password@host" up to the last @, or what follows "password=".
std::vector<std::string> passwords(const std::string& address) {
  std::vector<std::string> found;
  if (const auto scheme = address.find("://"); scheme != std::string::npos) {
    const auto colon = address.find(':', scheme + 3);
    const auto at = address.rfind('@');
    if (colon != std::string::npos && at != std::string::npos && colon < at) {
      found.push_back(address.substr(colon + 1, at - colon - 1));
    }
  }
  if (const auto key = address.find("password="); key != std::string::npos) {
    std::string value = address.substr(key + 9);
    const bool quoted = value.starts_with('\'');
    value = value.substr(quoted, value.find_first_of(quoted ? "'" : " &", quoted) - quoted);
    found.push_back(value);
  }
  return found;
}

using Words = std::map<std::string, std::string>;

// What libpq reads in an address, by keyword or by variable; nothing where it cannot.
Words words_of(const std::string& address, char* PQconninfoOption::*name = &PQconninfoOption::keyword) {
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(
      PQconninfoParse(address.c_str(), nullptr), PQconninfoFree);
  Words words;
  for (const PQconninfoOption* o = options.get(); o && o->keyword; ++o) {
    if (o->val && o->*name) words[o->*name] = o->val;
  }
  return words;
}

bool is_secret(std::string_view key) {
  return key.ends_with("password") || key.ends_with("secret");
}

std::string quoted(const std::string& value) {
  if (!value.empty() && value.find_first_of(" \t\n\r\f\v'\\") == std::string::npos) return value;
  std::string out = "'";
  for (char c : value) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + "'";
}

}  // namespace

std::map<std::string, std::string> environment_of(const std::string& address) {
  return words_of(address, &PQconninfoOption::envvar);
}

ServerMessage parse_server_message(std::string_view text) {
  ServerMessage said;
  std::string ignored;
  std::string* part = &said.message;
  for (bool first = true; !text.empty(); first = false) {
    const auto end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
    if (const std::size_t n = label(line)) {
      const std::string_view name = line.substr(0, n);
      if (!first) {
        part = name == "DETAIL" ? &said.detail : name == "HINT" ? &said.hint : name == "CONTEXT" ? &said.context : &ignored;
      }
      line.remove_prefix(n + 3);
    } else if (line.starts_with("LINE ") && line.find(": ") != std::string_view::npos) {
      part = &ignored;
    }
    if (!part->empty()) *part += '\n';
    *part += line;
  }
  return said;
}

std::string without_password(std::string message, const std::string& address) {
  while (message.ends_with('\n')) message.pop_back();
  for (const std::string& password : passwords(address)) {
    if (password.empty()) continue;
    if (password.find_first_of("@/:?# ") != std::string::npos) {
      return "cannot connect, and the address cannot be shown: its password has characters that "
             "must "
             "be percent-encoded in a URL";
    }
    replace_all(message, address, "the address given");
    replace_all(message, percent_decoded(password), "***");
    replace_all(message, password, "***");
  }
  for (const auto& [key, value] : words_of(address)) {
    if (is_secret(key) && !value.empty()) replace_all(message, value, "***");
  }
  return message;
}

std::string address_of(const std::string& given) {
  const char* from_environment = std::getenv("DATABASE_URL");
  return !given.empty() ? given : from_environment ? from_environment : "";
}

std::string password_of(const std::string& address) {
  const Words words = words_of(address);
  const auto found = words.find("password");
  return found == words.end() ? "" : found->second;
}

std::string address_without_password(const std::string& address) {
  const Words words = words_of(address);
  std::string shown;
  bool secret = false;
  for (const auto& [key, value] : words) {
    if (is_secret(key)) {
      secret = true;
    } else {
      shown += (shown.empty() ? "" : " ") + key + "=" + quoted(value);
    }
  }
  return secret ? shown : address;
}

}  // namespace rekey::db
