#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "scaler/base/address.hpp"
#include "scaler/base/ids.hpp"
#include "scaler/clientio/borrowed_file.hpp"
#include "scaler/net/dealer.hpp"
#include "scaler/net/loop.hpp"
#include "scaler/store/store_client.hpp"

namespace scaler::clientio {

class StoreEvents {
 public:
  virtual ~StoreEvents() = default;
  virtual void on_store_connected() = 0;
  virtual void on_store_lost(std::string_view why) = 0;  // also after a failed attempt
  virtual void on_object(const ObjectId& id, Bytes payload) = 0;
  virtual void on_stored(const ObjectId& id) = 0;
};

// The connection of a client or a worker to the object storage server. What was asked on a
// connection that was lost is forgotten here: the core asks again when it hears of the next one.
class StoreConnection : private net::DealerEvents {
 public:
  struct Options {
    Address address;
    std::string identity;
    Duration listen_first = Duration::zero();  // net::DealerOptions
    std::shared_ptr<tls::Context> tls = {};    // the same
    bool keeps_descriptors = false;            // of files: for somebody else
    // Called in the thread that lets go of a file: the loop has something to do. Needed if that may
    // be another one than the loop's.
    std::function<void()> wake = [] {};
  };
  StoreConnection(net::Loop& loop, const Options& options, StoreEvents& events);
  ~StoreConnection() override;

  // `late`: nobody waits for on_stored, so a server of ours on this host may say it some time.
  using Answered = store::StoreClient::Answered;
  void put(const ObjectId& id, Bytes payload, Answered when = Answered::at_once);
  void get(const ObjectId& id, std::uint64_t bytes_max = wire::everything);
  void remove(const ObjectId& id);
  bool connected() const { return dealer_.connected(); }
  bool on_same_host() const { return dealer_.on_same_host(); }
  bool flush() { return dealer_.flush(); }  // net::Dealer's

  // On one host large objects lie in memory files of the store's (borrowed_file.hpp): what
  // on_object brings may be one, and what put() is given may be one that borrow() brought, or the
  // beginning of one. From here on they are bytes like all others.
  bool lends_files() const { return dealer_.receives_files(); }
  // Room for so many bytes at least, its descriptor open for write_file(); or nothing, also when
  // the connection is lost or this is destroyed.
  using Lent = std::function<void(Bytes file)>;
  void borrow(std::uint64_t bytes, Lent done);

  // The server broke the protocol: this object is of no use any more, replace it.
  bool broken() const { return broken_; }

 private:
  void on_connected() override;
  void on_message(Bytes payload) override;
  void on_disconnected(std::string_view why) override;
  void send_frames();
  Answered in_time(Answered wanted) const {
    return dealer_.on_same_host() ? wanted : Answered::at_once;
  }
  void on_answer(store::StoreClient::Answer& answer);
  Bytes file_of(const store::StoreClient::Answer& answer);
  void return_files();
  void forget_files();

  StoreEvents& events_;
  store::StoreClient client_;
  std::vector<Bytes> frames_;
  bool broken_ = false;
  bool keeps_descriptors_;
  std::function<void()> wake_;
  std::shared_ptr<FileReturns> returns_;               // of this connection
  std::unordered_map<std::uint64_t, Lent> borrowing_;  // by request id
  std::unique_ptr<net::Loop::Token> end_of_turn_;
  net::Dealer dealer_;
};

}  // namespace scaler::clientio
