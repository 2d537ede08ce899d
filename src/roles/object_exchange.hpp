#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "scaler/base/address.hpp"
#include "scaler/base/ids.hpp"
#include "scaler/net/dealer.hpp"
#include "scaler/net/loop.hpp"
#include "scaler/store/store_client.hpp"

namespace scaler::roles {

// A worker's connection to the object storage server. What was asked on a connection that was lost
// is forgotten here: the worker's agent asks again when it hears of the next one.
class ObjectExchange : private net::DealerEvents {
 public:
  struct Events {
    std::function<void()> on_connected;
    std::function<void(std::string_view why)> on_lost;  // also after a failed attempt
    std::function<void(const ObjectId& id, Bytes payload)> on_object;
    std::function<void(const ObjectId& id)> on_stored;
  };
  ObjectExchange(net::Loop& loop, const Address& address, std::string identity, Events events);

  void get(const ObjectId& id);
  void set(const ObjectId& id, Bytes payload);
  // The server broke the protocol: this object is of no use any more, replace it.
  bool broken() const { return broken_; }

 private:
  void on_connected() override;
  void on_message(Bytes payload) override;
  void on_disconnected(std::string_view why) override;
  void send_frames();

  Events events_;
  store::StoreClient client_;
  std::vector<Bytes> frames_;
  bool broken_ = false;
  net::Dealer dealer_;
};

}  // namespace scaler::roles
