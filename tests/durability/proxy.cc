#include "tests/durability/proxy.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <stdexcept>
#include <thread>

namespace rekey::test {

namespace {

constexpr std::size_t kNone = std::string::npos;

sockaddr_un address_in(const std::filesystem::path& folder) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = (folder / ".s.PGSQL.5432").string();
  if (path.size() >= sizeof address.sun_path) throw std::runtime_error("path too long: " + path);
  std::memcpy(address.sun_path, path.c_str(), path.size());
  return address;
}

std::uint32_t number_at(const std::string& bytes, std::size_t at) {
  std::uint32_t number = 0;
  std::memcpy(&number, bytes.data() + at, 4);
  return ntohl(number);
}

// The length of the first whole message, or kNone. Only the first one of a client has no type.
std::size_t message_length(const std::string& bytes, bool typed) {
  const std::size_t head = typed ? 1 : 0;
  if (bytes.size() < head + 4) return kNone;
  const std::size_t length = head + number_at(bytes, head);
  return bytes.size() < length ? kNone : length;
}

// Appends what there is; false at the end.
bool read_some(int socket, std::string& bytes) {
  char buffer[65536];
  const ssize_t got = read(socket, buffer, sizeof buffer);
  if (got > 0) bytes.append(buffer, static_cast<std::size_t>(got));
  return got > 0;
}

// A peer that is gone is noticed when it is read from.
void write_all(int socket, const std::string& bytes) {
  for (std::size_t at = 0; at < bytes.size();) {
    const ssize_t put = send(socket, bytes.data() + at, bytes.size() - at, MSG_NOSIGNAL);
    if (put <= 0) return;
    at += static_cast<std::size_t>(put);
  }
}

char state_of(pid_t pid) {
  std::ifstream in(fmt::format("/proc/{}/stat", pid));
  std::string text;
  std::getline(in, text);
  const std::size_t name_end = text.rfind(')');
  return name_end == kNone ? 'X' : text[name_end + 2];
}

void stop_process(pid_t pid) {
  kill(pid, SIGSTOP);
  while (state_of(pid) != 'T' && state_of(pid) != 'X') std::this_thread::yield();
}

}  // namespace

const char* name(Moment moment) {
  switch (moment) {
    case Moment::before: return "before";
    case Moment::unread: return "unread";
    case Moment::unanswered: return "unanswered";
    case Moment::after: return "after";
  }
  return "";
}

struct Proxy::Link {
  int client = -1, server = -1;
  std::string from_client, from_server;  // bytes of a message that is not whole yet
  std::string unit, sql;                 // messages of a unit that is not whole yet
  std::size_t outstanding = 0;           // number of the unit that waits for its answer
  pid_t backend = -1;
  bool started = false, dropped = false, over = false;
  bool counted = true;  // not: a session that looks on, now and then
  std::string held;  // an answer

  void close_both() {
    close(client);
    close(server);
    over = true;
  }
};

Proxy::Proxy(const std::filesystem::path& folder, const std::filesystem::path& server)
    : server_(server) {
  listener_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_un address = address_in(folder);
  if (bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      listen(listener_, 64) != 0) {
    throw std::runtime_error("cannot listen in " + folder.string());
  }
}

Proxy::~Proxy() {
  cut();
  close(listener_);
}

void Proxy::arm(const Point& point) { point_ = point; }

bool Proxy::serve(const std::function<bool()>& until) {
  if (at_point_ && !at_point_->dropped) {
    // Nothing was to happen here: on with what is in hand.
    if (!at_point_->unit.empty()) send_unit(*at_point_);
    write_all(at_point_->client, at_point_->held);
    at_point_->held.clear();
  }
  at_point_ = nullptr;
  while (!until()) {
    std::erase_if(links_, [](const Link& link) { return link.over; });
    std::vector<pollfd> sockets = {{listener_, POLLIN, 0}};
    for (const Link& link : links_) {
      sockets.push_back({link.client, POLLIN, 0});
      sockets.push_back({link.server, POLLIN, 0});
    }
    poll(sockets.data(), sockets.size(), 5);
    auto ready = sockets.begin() + 1;
    for (auto link = links_.begin(); link != links_.end(); ++link, ready += 2) {
      if (ready[1].revents) read_server(*link);
      if (at_point_) return true;
      if (ready[0].revents && !link->over) read_client(*link);
      if (at_point_) return true;
    }
    if (sockets[0].revents) accept_client();
  }
  return false;
}

void Proxy::accept_client() {
  Link link;
  link.client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
  link.server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_un address = address_in(server_);
  if (connect(link.server, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    link.close_both();
  } else {
    links_.push_back(std::move(link));
  }
}

bool Proxy::stops_at(const Link& link, Moment moment) const {
  return point_ && point_->moment == moment && link.outstanding == point_->unit;
}

void Proxy::read_client(Link& link) {
  if (!read_some(link.client, link.from_client)) return link.close_both();
  while (!link.over) {
    const std::size_t length = message_length(link.from_client, link.started);
    if (length == kNone) return;
    const std::string message = link.from_client.substr(0, length);
    link.from_client.erase(0, length);
    if (link.dropped) continue;
    if (!link.started || message[0] == 'X') {
      link.started = true;
      write_all(link.server, message);
      continue;
    }
    link.unit += message;
    if (message[0] == 'Q') link.sql = message.substr(5, length - 6);
    if (message[0] == 'P') link.sql = message.substr(message.find('\0', 5) + 1).c_str();
    if (message[0] != 'Q' && message[0] != 'S') continue;
    if (link.sql.starts_with("SET application_name") && link.sql.ends_with("/watch'")) link.counted = false;
    if (link.counted) units_.push_back(link.sql);
    link.outstanding = link.counted ? units_.size() : 0;
    if (stops_at(link, Moment::before)) {
      at_point_ = &link;
      return;
    }
    send_unit(link);
    if (at_point_) return;
  }
}

void Proxy::send_unit(Link& link) {
  const bool unread = stops_at(link, Moment::unread);
  if (unread) stop_process(link.backend);
  write_all(link.server, link.unit);
  link.unit.clear();
  if (unread) at_point_ = &link;
}

void Proxy::read_server(Link& link) {
  const bool open = read_some(link.server, link.from_server);
  while (!at_point_) {
    const std::size_t length = message_length(link.from_server, true);
    if (length == kNone) break;
    const std::string message = link.from_server.substr(0, length);
    link.from_server.erase(0, length);
    if (message[0] == 'K') link.backend = static_cast<pid_t>(number_at(message, 5));
    const bool holds = stops_at(link, Moment::unanswered) && !link.dropped;
    if (holds) {
      link.held += message;
    } else {
      write_all(link.client, message);
    }
    if (message[0] != 'Z') continue;
    if (holds || stops_at(link, Moment::after)) at_point_ = &link;
    link.outstanding = 0;
  }
  if (!open && !at_point_) link.close_both();
}

pid_t Proxy::backend() const { return at_point_->backend; }
const std::string& Proxy::sql() const { return at_point_->sql; }

void Proxy::drop() {
  at_point_->dropped = true;
  at_point_->unit.clear();
  at_point_->held.clear();
  at_point_->outstanding = 0;
}

void Proxy::cut() {
  for (Link& link : links_) {
    if (!link.over) link.close_both();
  }
  links_.clear();
  at_point_ = nullptr;
}

}  // namespace rekey::test
