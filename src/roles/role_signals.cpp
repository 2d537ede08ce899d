#include "roles/role_signals.hpp"

#include <csignal>
#include <utility>

#include "scaler/config/logging.hpp"

namespace scaler::roles {

RoleSignals::RoleSignals(net::Loop& loop, std::function<void(const char* name)> on_stop,
                         std::function<void()> on_hang_up)
    : on_stop_(std::move(on_stop)),
      on_hang_up_(std::move(on_hang_up)),
      terminate_(loop, SIGTERM, [this, &loop] { stop("SIGTERM", loop.now()); }),
      interrupt_(loop, SIGINT, [this, &loop] { stop("SIGINT", loop.now()); }),
      hang_up_(loop, SIGHUP, [this] {
        config::reopen_logs();
        if (on_hang_up_) on_hang_up_();
      }) {
  // Those that came before there was anybody to hear them were held back until now.
  sigset_t stops;
  sigemptyset(&stops);
  sigaddset(&stops, SIGTERM);
  sigaddset(&stops, SIGINT);
  sigprocmask(SIG_UNBLOCK, &stops, nullptr);
}

// timeout(1) signals its child and then its group, a terminal all processes of one, whose parents
// pass it on.
void RoleSignals::stop(const char* name, TimePoint now) {
  constexpr Duration one_wish = 200ms;
  if (asked_ && now - *asked_ < one_wish) return;
  asked_ = now;
  on_stop_(name);
}

}  // namespace scaler::roles
