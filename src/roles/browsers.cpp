#include "roles/browsers.hpp"

#include <algorithm>

#include "scaler/base/log.hpp"

namespace scaler::roles {

using net::StreamServer;

void Browsers::add(PeerId peer) {
  if (browsers_.size() >= browsers_max) {
    log::debug("gui: refused a page, {} are open", browsers_.size());
    return server_.drop(peer);
  }
  browsers_[peer] = {};
}

bool Browsers::anyone_needs_snapshot() const {
  return std::any_of(browsers_.begin(), browsers_.end(),
                     [](const auto& entry) { return entry.second.phase == Phase::new_here; });
}

void Browsers::send_snapshot(const Bytes& snapshot) {
  for (auto& [peer, browser] : browsers_) {
    if (browser.phase != Phase::new_here) continue;
    browser.phase = Phase::follows;
    browser.allowance = snapshot.size() + queue_bytes_max;
    server_.send(peer, snapshot, StreamServer::After::keep);
  }
}

void Browsers::send_delta(const Bytes& delta, TimePoint now) {
  for (auto& [peer, browser] : browsers_) {
    const std::size_t queued = server_.queued_bytes(peer);
    if (queued == 0) {
      browser.allowance = queue_bytes_max;
      if (browser.phase == Phase::behind) browser.phase = Phase::new_here;
    }
    if (browser.phase == Phase::behind && now - browser.behind_since > patience) server_.drop(peer);
    if (browser.phase != Phase::follows) continue;
    if (queued + delta.size() <= browser.allowance) {
      server_.send(peer, delta, StreamServer::After::keep);
    } else {
      browser.phase = Phase::behind;
      browser.behind_since = now;
    }
  }
}

}  // namespace scaler::roles
