#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "scaler/base/address.hpp"
#include "scaler/base/ids.hpp"
#include "scaler/net/dealer.hpp"
#include "scaler/net/loop.hpp"
#include "scaler/store/store_client.hpp"

namespace scaler::roles {

// The scheduler's hand in an object storage server of its own process: removes and duplicates,
// never reads. A connection that is lost is made again for ever; what was asked meanwhile is asked
// then, and what was under way is asked once more, which does no harm.
class StoreLink : private net::DealerEvents {
 public:
  // `on_change` is told of each connection (an empty text) and of each loss or failed attempt
  // (why).
  StoreLink(net::Loop& loop, const Address& address, std::string identity,
            std::shared_ptr<tls::Context> tls,
            std::function<void(std::string_view failure)> on_change);

  void remove(const std::vector<ObjectId>& ids);
  void duplicate(const ObjectId& source, const ObjectId& copy);
  bool connected() const { return dealer_.connected(); }
  void shut_down(Duration patience, std::function<void()> on_closed);

 private:
  void on_connected() override;
  void on_message(Bytes payload) override;
  void on_disconnected(std::string_view why) override;
  void send_frames();

  struct Wish {
    ObjectId object;
    std::optional<ObjectId> source;  // of a duplicate
  };
  void ask(const Wish& wish);

  std::function<void(std::string_view)> on_change_;
  store::StoreClient client_;
  net::Dealer dealer_;
  std::unordered_map<std::uint64_t, Wish> in_flight_;  // by request id
  std::vector<Bytes> frames_;
};

}  // namespace scaler::roles
