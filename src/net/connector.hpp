#pragma once

#include <functional>
#include <optional>
#include <string>

#include "net/job.hpp"
#include "net/lifetime.hpp"
#include "net/poll.hpp"
#include "net/resolve.hpp"
#include "net/socket.hpp"
#include "scaler/net/timer.hpp"

namespace scaler::net {

// One attempt to connect: resolves the name, tries its addresses one after another, each for at
// most `patience`, and calls back once from the loop with the socket or with what went wrong last.
// Destroying it gives up, also inside the callback.
class Connector {
 public:
  using Done = std::function<void(Result<Descriptor>)>;
  Connector(Loop& loop, const Address& address, Duration patience, Done done);

 private:
  void begin();
  void try_next();
  void settled();
  void failed(const std::string& why);
  void finish(Result<Descriptor> result);

  Loop& loop_;
  Address address_;
  Duration patience_;
  Done done_;
  SocketAddresses candidates_;
  std::size_t next_candidate_ = 0;
  Descriptor socket_;
  std::string last_failure_ = "it has no address";
  Timer timer_;
  Job begin_job_;
  std::optional<Lookup> lookup_;
  std::optional<Poll> poll_;
};

}  // namespace scaler::net
