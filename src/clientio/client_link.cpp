#include "scaler/clientio/client_link.hpp"

#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <csignal>
#include <limits>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "clientio/heap_trim.hpp"
#include "clientio/request_queue.hpp"
#include "clientio/usage.hpp"
#include "scaler/base/assert.hpp"
#include "scaler/base/log.hpp"
#include "scaler/clientio/store_connection.hpp"
#include "scaler/net/dealer.hpp"
#include "scaler/net/loop.hpp"
#include "scaler/net/timer.hpp"
#include "scaler/net/tls_files.hpp"
#include "scaler/net/watcher.hpp"
#include "scaler/wire/codec.hpp"
#include "scaler/wire/inquiry.hpp"

namespace scaler::clientio {

namespace {

// What one turn takes of what was posted; the rest waits for the next, so that neither a burst's
// messages nor answers wait for all of it, and no more of it is held in pieces at any time.
constexpr std::size_t pieces_per_turn = 512;
// Effects of a usual turn; the room for more is given back after it.
constexpr std::size_t effects_kept_room = 4 * pieces_per_turn;

// What a task or an object takes beside its payload while it is on its way, about.
constexpr std::uint64_t piece_bytes = 256;

// What is larger is told to the core at once: then it counts no more as waiting in memory.
constexpr std::size_t late_answer_bytes_max = 16 * 1024;

net::DealerOptions scheduler_dealer(const LinkOptions& options) {
  net::DealerOptions result;
  result.address = options.scheduler;
  result.identity = options.client.identity;
  result.protocol = options.speaks_ymq_first ? net::Protocol::ymq : net::Protocol::zmtp;
  result.tries_both_protocols = true;
  result.tls = options.tls;
  result.handshake_patience = 2s;  // a listener that waits for other first bytes stays silent
  result.retry_most = 500ms;
  result.limits.write_queue_bytes_max = std::size_t{64} << 30;  // bounded by what was submitted
  return result;
}

}  // namespace

// What the link's thread and all others have in common; lives until both have let go.
struct ClientLink::Shared {
  Shared(LinkOptions given, Deliver to)
      : options(std::move(given)),
        deliver(std::move(to)),
        wake(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    SCALER_ASSERT(wake >= 0, "no descriptor is left for a client");
  }
  ~Shared() { close(wake); }
  Shared(const Shared&) = delete;
  Shared& operator=(const Shared&) = delete;

  void ring() const {
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t ignored = write(wake, &one, sizeof one);
  }

  LinkOptions options;
  const Deliver deliver;
  const int wake;

  // Somebody waits for a file.
  struct FileWish {
    std::uint64_t bytes = 0;
    Bytes file;
    bool settled = false;
    bool given_up = false;
  };

  RequestQueue requests;

  std::mutex mutex;  // guards the next five
  std::condition_variable ended_changed;
  std::condition_variable wish_settled;
  std::vector<std::shared_ptr<FileWish>> wishes;
  bool closed = false;  // nobody will look at `wishes`
  bool ended = false;

  std::atomic<std::uint64_t> unstored_bytes = 0;
  std::atomic<std::uint64_t> crowd_bytes = 0;  // messages and small objects, about
  std::atomic<bool> room_wanted = false;
  std::atomic<bool> lends_files = false;

  bool fits(std::uint64_t part) const {
    return requests.payload_bytes() + unstored_bytes <= options.backlog_bytes_max / part &&
           requests.pieces() * piece_bytes + crowd_bytes <= options.crowd_bytes_max / part;
  }
};

namespace {

// The core, joined to both connections. Everything happens in the loop's thread.
class LinkThread final : public net::DealerEvents, public StoreEvents {
 public:
  using Shared = ClientLink::Shared;

  LinkThread(net::Loop& loop, Shared& shared)
      : loop_(loop),
        shared_(shared),
        core_(shared.options.client),
        scheduler_(loop, scheduler_dealer(shared.options), *this),
        requests_(loop, shared.wake, [this] { take_requests(pieces_per_turn); }),
        deadline_(loop, [this] { on_deadline(); }),
        quiet_(loop, [this] { on_quiet(); }),
        end_of_turn_(loop.before_poll([this] { end_turn(); })) {
    shared_.options.client.serializer = {};
    core_.start(loop_.now(), outbox_);
  }

  // After the loop has stopped: whoever still asks is told.
  void close() {
    take_requests(std::numeric_limits<std::size_t>::max());
    deliver();
  }

 private:
  void on_connected() override {
    core_.on_scheduler_connected(loop_.now(), outbox_);
    on_deadline();
  }
  void on_message(Bytes payload) override {
    passed(payload.size() + piece_bytes);
    auto message = wire::decode(payload);
    if (message) return hear(std::move(*message));
    if (auto more = bad_messages_.allow(loop_.now()))
      log::warning("a message of {} bytes is dropped: {} ({} more since the last line)",
                   payload.size(), message.error().text, *more);
  }
  void hear(wire::Message message) {
    if (const auto* response = std::get_if<wire::InformationResponse>(&message))
      if (auto answer = wire::decode_answer(response->response); answer && answer->understood)
        return core_.on_explanation(std::move(answer->text), outbox_);
    core_.on_scheduler_message(std::move(message), loop_.now(), outbox_);
  }
  void on_disconnected(std::string_view why) override {
    core_.on_scheduler_lost(why, loop_.now(), outbox_);
  }

  void on_store_connected() override { core_.on_store_connected(loop_.now(), outbox_); }
  void on_store_lost(std::string_view why) override {
    core_.on_store_lost(why, loop_.now(), outbox_);
  }
  void on_object(const ObjectId& id, Bytes payload) override {
    passed(payload.size() + piece_bytes);
    core_.on_object(id, std::move(payload), loop_.now(), outbox_);
  }
  void on_stored(const ObjectId& id) override { core_.on_object_stored(id, loop_.now(), outbox_); }

  void take_requests(std::size_t share);
  void on_deadline();
  void passed(std::uint64_t bytes);
  void on_quiet();
  void end_turn();
  void perform(client::Effect effect);
  void connect_store(const Address& address);
  void borrow(const std::shared_ptr<Shared::FileWish>& wish);
  void hang_up(Duration patience);
  std::uint64_t crowd_bytes() const;
  void deliver();

  net::Loop& loop_;
  Shared& shared_;
  client::ClientCore core_;
  client::Outbox outbox_;
  net::Dealer scheduler_;
  std::optional<Address> store_address_;
  std::unique_ptr<StoreConnection> store_;
  net::Watcher requests_;
  net::Timer deadline_;
  std::optional<TimePoint> armed_;
  HeapTrim heap_trim_;
  net::Timer quiet_;
  bool quiet_armed_ = false;
  std::unique_ptr<net::Loop::Token> end_of_turn_;
  Usage usage_;
  log::RateLimit bad_messages_{5, 10s};
  bool hung_up_ = false;
};

void LinkThread::take_requests(std::size_t share) {
  std::uint64_t rings;
  [[maybe_unused]] const ssize_t ignored = read(shared_.wake, &rings, sizeof rings);
  std::vector<std::shared_ptr<Shared::FileWish>> wishes;
  {
    const std::lock_guard lock(shared_.mutex);
    wishes.swap(shared_.wishes);
  }
  for (const auto& wish : wishes) borrow(wish);
  while (share > 0) {
    std::optional<client::Request> request = shared_.requests.take();
    if (!request) return;
    const std::size_t pieces = pieces_of(*request);
    share -= std::min(share, pieces);
    passed(payload_bytes_of(*request) + pieces * piece_bytes);
    core_.on_request(std::move(*request), loop_.now(), outbox_);
  }
  shared_.ring();
}

void LinkThread::borrow(const std::shared_ptr<Shared::FileWish>& wish) {
  const auto settle = [&shared = shared_, wish](Bytes file) {
    const std::lock_guard lock(shared.mutex);
    wish->settled = true;
    if (!wish->given_up) wish->file = std::move(file);
    shared.wish_settled.notify_all();
  };
  if (store_)
    store_->borrow(wish->bytes, settle);
  else
    settle({});
}

void LinkThread::on_deadline() {
  armed_.reset();
  const TimePoint now = loop_.now();
  if (core_.heartbeat_due(now) && scheduler_.connected())
    core_.send_heartbeat(usage_.read(now), now, outbox_);
  core_.on_deadline(now, outbox_);
}

void LinkThread::passed(std::uint64_t bytes) {
  heap_trim_.passed(bytes, loop_.now());
  if (quiet_armed_) return;
  const auto due = heap_trim_.due();
  if (!due) return;
  quiet_armed_ = true;
  quiet_.start_at(*due);
}

// What is still on its way is followed by an answer, or at last by an echo: then it is looked
// again.
void LinkThread::on_quiet() {
  quiet_armed_ = false;
  const auto due = heap_trim_.due();
  if (!due || shared_.requests.pieces() > 0 || crowd_bytes() > 0) return;
  if (*due > loop_.now()) {
    quiet_armed_ = true;
    return quiet_.start_at(*due);
  }
  const auto begin = std::chrono::steady_clock::now();
  trim_heap();
  heap_trim_.trimmed(loop_.now(), std::chrono::steady_clock::now() - begin);
}

void LinkThread::end_turn() {
  if (store_ && store_->broken() && !hung_up_) {
    core_.on_store_lost("it broke the protocol", loop_.now(), outbox_);
    connect_store(*store_address_);
  }
  core_.finish_turn(loop_.now(), outbox_);
  std::vector<client::Effect> effects = std::exchange(outbox_.effects, {});
  // The scheduler first: a task's way is longer than its objects', and each send may cost us the
  // core.
  const auto is_said = [](const client::Effect& effect) {
    return std::holds_alternative<client::ToScheduler>(effect);
  };
  for (client::Effect& effect : effects)
    if (is_said(effect)) perform(std::move(effect));
  for (client::Effect& effect : effects)
    if (!is_said(effect)) perform(std::move(effect));
  if (effects.capacity() <= effects_kept_room) {
    effects.clear();
    outbox_.effects = std::move(effects);  // the memory is used again
  }
  shared_.lends_files.store(store_ && store_->lends_files(), std::memory_order_relaxed);
  shared_.unstored_bytes.store(core_.unstored_bytes(), std::memory_order_relaxed);
  shared_.crowd_bytes.store(crowd_bytes(), std::memory_order_relaxed);
  deliver();
  if (hung_up_) return;
  auto next = core_.next_deadline();
  // Without a connection a heartbeat that is due waits for one.
  if (next && *next <= loop_.now() && !scheduler_.connected()) next = loop_.now() + 100ms;
  if (next == armed_) return;
  armed_ = next;
  if (next)
    deadline_.start_at(*next);
  else
    deadline_.stop();
}

void LinkThread::perform(client::Effect effect) {
  if (auto* said = std::get_if<client::ToScheduler>(&effect)) {
    if (!scheduler_.send(wire::encode(said->message)))
      log::error("a {} is lost: too many bytes wait for the scheduler",
                 wire::kind_name(said->message));
  } else if (auto* put = std::get_if<client::PutObject>(&effect)) {
    using Answered = StoreConnection::Answered;
    const bool is_small = put->payload.size() <= late_answer_bytes_max;
    store_->put(put->id, std::move(put->payload), is_small ? Answered::late : Answered::at_once);
  } else if (auto* get = std::get_if<client::GetObject>(&effect)) {
    store_->get(get->id, get->bytes_max);
  } else if (auto* remove = std::get_if<client::RemoveObject>(&effect)) {
    store_->remove(remove->id);
  } else if (auto* address = std::get_if<client::ConnectStore>(&effect)) {
    connect_store(address->address);
  } else if (auto* why = std::get_if<client::AskWhy>(&effect)) {
    wire::Question question;
    question.kind = wire::QuestionKind::why;
    question.form = wire::AnswerForm::json;
    question.subject = why->task.hex();
    scheduler_.send(wire::encode(wire::Message(wire::InformationRequest{wire::encode(question)})));
  } else if (auto* end = std::get_if<client::HangUp>(&effect)) {
    hang_up(end->patience);
  }
}

void LinkThread::connect_store(const Address& address) {
  store_address_ = address;
  StoreConnection::Options options;
  options.address = address;
  options.identity = shared_.options.client.identity;
  options.tls = shared_.options.tls;
  options.wake = [&shared = shared_] { shared.ring(); };
  store_ = std::make_unique<StoreConnection>(loop_, options, *this);
}

void LinkThread::hang_up(Duration patience) {
  if (std::exchange(hung_up_, true)) return;
  store_.reset();
  deadline_.stop();
  quiet_.stop();
  scheduler_.shut_down(patience, [this] { loop_.stop(); });
}

// While a connection is lost nobody is made to wait for it.
std::uint64_t LinkThread::crowd_bytes() const {
  if (!scheduler_.connected() || !store_ || !store_->connected()) return 0;
  return scheduler_.queued_bytes() + core_.unstored_objects() * piece_bytes;
}

void LinkThread::deliver() {
  const bool room = shared_.room_wanted && shared_.fits(2) && shared_.room_wanted.exchange(false);
  if (outbox_.notices.empty() && !room) return;
  shared_.deliver(std::exchange(outbox_.notices, {}));
}

void run_link(const std::shared_ptr<ClientLink::Shared>& shared) {
  pthread_setname_np(pthread_self(), "scaler-client");
  {
    net::Loop loop;
    LinkThread link(loop, *shared);
    loop.run();
    shared->requests.close();
    {
      const std::lock_guard lock(shared->mutex);
      shared->closed = true;
    }
    link.close();
  }
  const std::lock_guard lock(shared->mutex);
  shared->ended = true;
  shared->ended_changed.notify_all();
}

}  // namespace

Result<std::shared_ptr<tls::Context>> open_tls(const std::string& certificate,
                                               const std::string& key) {
  return net::open_tls({certificate, key});
}

ClientLink::ClientLink(LinkOptions options, Deliver deliver)
    : shared_(std::make_shared<Shared>(std::move(options), std::move(deliver))) {
  // Signals are for the threads of whoever uses the client.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread([shared = shared_] { run_link(shared); }).detach();
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

ClientLink::~ClientLink() {
  if (shared_) post(client::Disconnect{});
}

bool ClientLink::post(client::Request&& request) {
  const auto posted = shared_->requests.post(std::move(request));
  if (posted == RequestQueue::Posted::ring) shared_->ring();
  return posted != RequestQueue::Posted::closed;
}

bool ClientLink::is_crowded() const { return !shared_->fits(1); }
bool ClientLink::has_room() const { return shared_->fits(2); }

void ClientLink::want_room() {
  shared_->room_wanted.store(true);
  shared_->ring();  // perhaps there is room already
}

Bytes ClientLink::borrow_file(std::uint64_t bytes, Duration patience) {
  if (!shared_->lends_files.load(std::memory_order_relaxed)) return {};
  const auto wish = std::make_shared<Shared::FileWish>();
  wish->bytes = bytes;
  std::unique_lock lock(shared_->mutex);
  if (shared_->closed) return {};
  shared_->wishes.push_back(wish);
  shared_->ring();
  shared_->wish_settled.wait_for(lock, patience, [&] { return wish->settled; });
  wish->given_up = !wish->settled;
  return std::move(wish->file);
}

bool ClientLink::wait_ended(Duration patience) {
  std::unique_lock lock(shared_->mutex);
  return shared_->ended_changed.wait_for(lock, patience, [this] { return shared_->ended; });
}

void ClientLink::abandon() {
  // Never freed: the thread that shares it does not exist here, and its locks may be held for ever.
  [[maybe_unused]] auto* lost = new std::shared_ptr<Shared>(std::move(shared_));
}

}  // namespace scaler::clientio
