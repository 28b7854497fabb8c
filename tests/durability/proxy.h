// Stands between rekey and its server, knows where a statement begins and where its answer ends, and
// can stop the world at either place.
//
// A unit is what a client sends at once and gets one answer for: a simple query, or the messages of an
// extended one up to Sync. Units are counted over all connections, from 1, as they arrive; not those of the session that
// looks on while steps take long.
//
// No threads: bytes move while serve() runs and at no other time. Whoever talks to the server past the
// proxy between two calls finds it as the clients left it.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <list>
#include <optional>
#include <string>
#include <vector>

namespace rekey::test {

enum class Moment {
  before,      // the server has not seen the unit
  unread,      // it lies in the socket of a backend that is stopped (SIGSTOP) and will find it there
  unanswered,  // the server has answered, the client has not seen it
  after        // the client has its answer
};
const char* name(Moment moment);

struct Point {
  std::size_t unit = 0;
  Moment moment = Moment::before;
};

class Proxy {
 public:
  // Listens in `folder`, as a server would at port 5432; `server` is the folder of the real one.
  Proxy(const std::filesystem::path& folder, const std::filesystem::path& server);
  ~Proxy();
  Proxy(const Proxy&) = delete;

  void arm(const Point& point);  // where serve() is to stop next
  // Moves bytes until the point is reached (true) or `until` holds (false).
  bool serve(const std::function<bool()>& until);

  // At the point. The backend that it is about, and the unit's SQL:
  pid_t backend() const;
  const std::string& sql() const;
  // The unit or answer in hand is never passed on, nor is anything else this client sends.
  void drop();
  // Both ends of all connections are closed. A backend that is stopped finds what was sent to it.
  void cut();

  const std::vector<std::string>& units() const { return units_; }  // their SQL

 private:
  struct Link;
  void accept_client();
  void read_client(Link& link);
  void read_server(Link& link);
  void send_unit(Link& link);
  bool stops_at(const Link& link, Moment moment) const;

  int listener_ = -1;
  std::filesystem::path server_;
  std::list<Link> links_;
  std::vector<std::string> units_;
  std::optional<Point> point_;
  Link* at_point_ = nullptr;
};

}  // namespace rekey::test
