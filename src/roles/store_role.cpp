#include <utility>

#include "roles/own_resources.hpp"
#include "roles/role_signals.hpp"
#include "scaler/base/log.hpp"
#include "scaler/config/logging.hpp"
#include "scaler/net/loop.hpp"
#include "scaler/roles/readiness.hpp"
#include "scaler/roles/roles.hpp"
#include "scaler/roles/store_service.hpp"

namespace scaler::roles {
namespace {

constexpr Duration drain_patience = 5s;

}  // namespace

int run_object_storage_server(const config::StoreOptions& options) {
  Readiness readiness;
  raise_descriptor_limit();
  net::Loop loop;
  StoreService service(loop, options.identity);
  const auto bound = service.listen(options.bind_address);
  if (!bound) {
    log::error("ObjectStorageServer: {}", bound.error().text);
    return 1;
  }
  bool stopping = false;
  const RoleSignals signals(loop, [&](const char*) {  // the first lets it finish what it is saying
    if (std::exchange(stopping, true)) return loop.stop();
    service.shut_down(drain_patience, [&loop] { loop.stop(); });
  });
  log::write(log::Level::info, config::lines::store_started(*bound));
  readiness.announce();
  loop.run();
  log::write(log::Level::info, config::lines::store_stopped());
  return 0;
}

}  // namespace scaler::roles
