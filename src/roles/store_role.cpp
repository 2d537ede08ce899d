#include <optional>
#include <utility>

#include "roles/own_resources.hpp"
#include "roles/role_signals.hpp"
#include "roles/spill_folder.hpp"
#include "scaler/base/large_blocks.hpp"
#include "scaler/base/log.hpp"
#include "scaler/config/logging.hpp"
#include "scaler/net/loop.hpp"
#include "scaler/net/tls_files.hpp"
#include "scaler/roles/readiness.hpp"
#include "scaler/roles/roles.hpp"
#include "scaler/roles/store_service.hpp"

namespace scaler::roles {
namespace {

constexpr Duration drain_patience = 5s;

void log_statistics(const StoreService& service) {
  const auto& seen = service.statistics();
  log::debug(
      "ObjectStorageServer: {} requests ({} refused), at most {} objects and {} bytes, {} objects "
      "moved to disk",
      seen.requests, seen.refused, seen.ids_most, seen.bytes_most, seen.shelved);
}

}  // namespace

int run_object_storage_server(const config::StoreOptions& options) {
  Readiness readiness;
  raise_descriptor_limit();
  std::optional<SpillFolder> spill;
  if (!options.spill_directory.empty()) {
    spill.emplace(options.spill_directory);
    if (const auto usable = spill->check(); !usable) {
      log::error("ObjectStorageServer: {}", usable.error().text);
      return 1;
    }
  }
  if (options.memory_limit_bytes > 0)  // what is kept for the next object is memory too
    keep_at_most(static_cast<std::size_t>(options.memory_limit_bytes) / 10);
  const auto tls = net::open_tls({options.tls.cert, options.tls.key});
  if (!tls) {
    config::report_failure("scaler_object_storage_server", tls.error().text);
    return 2;
  }
  net::Loop loop;
  StoreServiceLimits limits;
  limits.store.memory_bytes_max = static_cast<std::uint64_t>(options.memory_limit_bytes);
  limits.store.shelf = spill ? &*spill : nullptr;
  StoreService service(loop, options.identity, limits, *tls);
  const auto bound = service.listen(options.bind_address);
  if (!bound) {
    config::report_failure("scaler_object_storage_server", bound.error().text);
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
  log_statistics(service);
  log::write(log::Level::info, config::lines::store_stopped());
  return 0;
}

}  // namespace scaler::roles
