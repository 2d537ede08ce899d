#include <csignal>

#include "scaler/base/log.hpp"
#include "scaler/config/logging.hpp"
#include "scaler/net/loop.hpp"
#include "scaler/net/timer.hpp"
#include "scaler/roles/roles.hpp"
#include "scaler/roles/store_service.hpp"

namespace scaler::roles {
namespace {

constexpr Duration drain_patience = 5s;

// SIGINT and SIGTERM: the first lets the service finish what it is saying, the second does not.
class StopOnSignal {
 public:
  StopOnSignal(net::Loop& loop, StoreService& service)
      : loop_(loop),
        service_(service),
        interrupt_(loop, SIGINT, [this] { on_signal(); }),
        terminate_(loop, SIGTERM, [this] { on_signal(); }) {}

 private:
  void on_signal() {
    if (stopping_) return loop_.stop();
    stopping_ = true;
    service_.shut_down(drain_patience, [this] { loop_.stop(); });
  }

  net::Loop& loop_;
  StoreService& service_;
  bool stopping_ = false;
  net::Signal interrupt_;
  net::Signal terminate_;
};

}  // namespace

int run_object_storage_server(const config::StoreOptions& options) {
  net::Loop loop;
  StoreService service(loop, options.identity);
  const auto bound = service.listen(options.bind_address);
  if (!bound) {
    log::error("ObjectStorageServer: {}", bound.error().text);
    return 1;
  }
  const StopOnSignal stop(loop, service);
  log::write(log::Level::info, config::lines::store_started(*bound));
  loop.run();
  log::write(log::Level::info, config::lines::store_stopped());
  return 0;
}

}  // namespace scaler::roles
