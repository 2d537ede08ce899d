#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "scaler/base/address.hpp"
#include "scaler/base/log.hpp"
#include "scaler/http/json.hpp"
#include "scaler/http/session.hpp"
#include "scaler/net/loop.hpp"
#include "scaler/net/stream_call.hpp"
#include "scaler/net/timer.hpp"
#include "scaler/wire/messages.hpp"

namespace scaler::roles {

// A worker adapter of release 1.12 behind its URL, which looks to the scheduler like a worker
// manager with that URL as its id: it says heartbeats while the adapter answers, and commands
// become HTTP requests, one at a time. A group of workers is stopped when all of its workers are to
// be stopped.
class WebhookManager {
 public:
  using Say = std::function<void(wire::Message)>;

  // "http://host[:port][/path]"
  struct Place {
    Address address;
    std::string host;
    std::string target;
  };
  static Result<Place> parse(const std::string& url);

  WebhookManager(net::Loop& loop, std::string url, Place place, Say say);

  void on_command(const wire::WorkerManagerCommand& command);

 private:
  void ask_what_it_offers();
  void on_offer(const Result<http::Json>& offer, int status);
  void begin_next();
  void start(const wire::WorkerManagerCommand& command);
  void stop(const wire::WorkerManagerCommand& command);
  void stop_groups(std::vector<std::string> groups, wire::WorkerManagerCommand command);
  void answer(wire::ManagerCommandType type, wire::ManagerResponseStatus status,
              std::vector<Bytes> workers);
  using Then = std::function<void(int status, const Result<http::Json>& body)>;
  void post(std::unique_ptr<net::StreamCall>& call, const std::string& json, Duration patience,
            Then then);

  net::Loop& loop_;
  std::string url_;
  Say say_;
  Place place_;
  net::Timer beat_;
  std::unique_ptr<net::StreamCall> offer_call_;
  std::unique_ptr<net::StreamCall> command_call_;
  std::deque<wire::WorkerManagerCommand> commands_;
  bool is_busy_ = false;
  std::map<std::string, std::set<std::string>> groups_;  // to their workers' ids
  log::RateLimit complaints_{1, 10s};
};

}  // namespace scaler::roles
