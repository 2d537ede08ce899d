#include <fmt/format.h>

#include <memory>
#include <utility>

#include "roles/worker_keeper.hpp"
#include "scaler/base/log.hpp"
#include "scaler/base/random.hpp"
#include "scaler/http/session.hpp"
#include "scaler/manager/worker_adapter.hpp"
#include "scaler/net/loop.hpp"
#include "scaler/net/stream_server.hpp"
#include "scaler/roles/readiness.hpp"
#include "scaler/roles/roles.hpp"

namespace scaler::roles {

namespace {

config::WorkerManagerOptions manager_options(const config::AdapterOptions& options) {
  config::WorkerManagerOptions result;
  result.scheduler_address = options.scheduler_address;
  result.object_storage_address = options.object_storage_address;
  result.worker_manager_id = "adapter";  // schedulers of that release know none; workers need one
  result.tuning = options.tuning;
  result.logging = options.logging;
  return result;
}

// A worker adapter of release 1.12: workers on this host, as a scheduler asks for them over HTTP.
class AdapterRole {
 public:
  AdapterRole(net::Loop& loop, const config::AdapterOptions& options)
      : loop_(loop),
        manager_options_(manager_options(options)),
        core_(options.max_workers.value_or(-1), capabilities_of(options.tuning),
              {.type = "NAT", .names = {}, .random_seed = Random::from_system().next()}),
        keeper_(loop, manager_options_, core_),
        server_(loop, {},
                {[] { return http::make_session(); },
                 [this](PeerId peer, const Bytes& message) { on_request(peer, message); }}),
        end_of_turn_(loop.before_poll([this] { end_turn(); })) {}

  Status start(const config::AdapterOptions& options) {
    SCALER_TRY(wish,
               Address::parse(fmt::format("tcp://{}:{}", options.web_host, options.web_port)));
    SCALER_TRY(bound, server_.listen(wish));
    log::info("worker adapter listens to http://{}:{}", options.web_host, bound.port);
    return ok();
  }
  int exit_code() const { return keeper_.exit_code(); }

 private:
  void on_request(PeerId peer, const Bytes& message) {
    const auto request = http::parse_request(message.text());
    const http::Response response =
        request ? core_.on_request(*request, loop_.now())
                : http::Response{400, "{\"error\": \"this is no request\"}"};
    const bool keeps = request && request->keeps_alive;
    server_.send(peer, Bytes::copy_of(http::format(response, keeps)),
                 keeps ? net::StreamServer::After::keep : net::StreamServer::After::close);
  }
  void end_turn() {
    keeper_.perform();
    if (core_.crew().failure() && !std::exchange(has_complained_, true)) {
      log::error("{}, the worker adapter ends", *core_.crew().failure());
      core_.stop(loop_.now());
      keeper_.perform();
    }
    if (core_.finished()) return loop_.stop();
    keeper_.wait();
  }

  net::Loop& loop_;
  const config::WorkerManagerOptions manager_options_;
  manager::WorkerAdapter core_;
  WorkerKeeper<manager::WorkerAdapter> keeper_;
  net::StreamServer server_;
  std::unique_ptr<net::Loop::Token> end_of_turn_;
  bool has_complained_ = false;
};

}  // namespace

int run_worker_adapter(const config::AdapterOptions& options) {
  Readiness readiness;
  net::Loop loop;
  AdapterRole role(loop, options);
  if (auto started = role.start(options); !started) {
    log::error("worker adapter: {}", started.error().text);
    return 1;
  }
  readiness.announce();
  loop.run();
  return role.exit_code();
}

}  // namespace scaler::roles
