#include "scaler/tls/session.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>
#include <vector>

#include "scaler/base/assert.hpp"
#include "scaler/base/ids.hpp"
#include "tls/context_impl.hpp"
#include "tls/failures.hpp"

namespace scaler::tls {
namespace {

enum class Side : std::uint8_t { server, client };

constexpr std::size_t in_bytes = std::size_t{32} << 10;        // read from the peer at once
constexpr std::size_t record_bytes = std::size_t{16} << 10;    // most that a record carries
constexpr std::size_t out_bytes = std::size_t{64} << 10;       // encrypted ahead
constexpr std::size_t out_bytes_max = std::size_t{256} << 10;  // with answers that nobody reads
constexpr std::size_t head_bytes = 64;
constexpr std::byte alert_record{0x15};
constexpr std::byte handshake_record{0x16};
constexpr std::byte major_version{0x03};

// A name that the server may have several certificates for. An address literal is none, nor what is
// longer than names are: hosts come from peers too.
bool is_name(const std::string& host) {
  return !host.empty() && host.size() <= MBEDTLS_SSL_MAX_HOST_NAME_LEN &&
         host.find(':') == std::string::npos &&
         host.find_first_not_of("0123456789.") != std::string::npos;
}

class TlsSession final : public Session {
 public:
  TlsSession(std::shared_ptr<Context> context, Side side, Pick pick, std::unique_ptr<Session> inner)
      : context_(std::move(context)),
        side_(side),
        pick_(std::move(pick)),
        inner_(std::move(inner)) {
    mbedtls_ssl_init(&ssl_);
    Context::Impl& shared = context_->impl();
    const int failure =
        mbedtls_ssl_setup(&ssl_, side == Side::server ? &shared.server : &shared.client);
    SCALER_ASSERT(failure == 0, "no memory for a TLS connection");
    mbedtls_ssl_set_bio(&ssl_, this, &TlsSession::write_records, &TlsSession::read_records,
                        nullptr);
  }
  ~TlsSession() override { mbedtls_ssl_free(&ssl_); }
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;

  void name_server(const std::string& host) {
    const int failure = mbedtls_ssl_set_hostname(&ssl_, host.c_str());
    SCALER_ASSERT(failure == 0, host);  // is_name() bounds it
  }
  // The client speaks first.
  void begin() { mbedtls_ssl_handshake(&ssl_); }

  std::span<std::byte> receive_buffer() override {
    if (!in_) in_ = std::make_unique_for_overwrite<std::byte[]>(in_bytes);
    if (begin_ > 0) {
      std::memmove(in_.get(), in_.get() + begin_, end_ - begin_);
      end_ -= begin_;
      begin_ = 0;
    }
    return {in_.get() + end_, in_bytes - end_};
  }

  void received(std::size_t bytes) override { end_ += bytes; }

  Result<std::optional<SessionEvent>> next() override {
    while (true) {
      if (is_shaken_ && inner_) {
        auto event = inner_->next();
        if (!event || *event) return event;
      }
      SCALER_TRY(advanced, advance());
      if (advanced) continue;
      release_if_empty();
      return std::optional<SessionEvent>{};
    }
  }

  void send(Bytes payload) override {
    SCALER_ASSERT(inner_, "send() before the peer has said what it speaks");
    inner_->send(std::move(payload));
  }
  void send_joined(Bytes begin, Bytes rest) override {
    SCALER_ASSERT(inner_, "send() before the peer has said what it speaks");
    inner_->send_joined(std::move(begin), std::move(rest));
  }

  std::span<const ByteView> to_send() override {
    if (out_begin_ == out_.size()) refill();
    view_ = ByteView(out_).subspan(out_begin_);
    return {&view_, view_.empty() ? std::size_t{0} : std::size_t{1}};
  }

  void sent(std::size_t bytes) override { out_begin_ += bytes; }

  std::size_t queued_bytes() const override {
    return (inner_ ? inner_->queued_bytes() : 0) + out_.size() - out_begin_;
  }

  bool is_costly() const override { return !is_shaken_; }

  // Without a word of goodbye the peer cannot tell an end from a cut.
  bool end_stream() override {
    if (is_shaken_ && !std::exchange(has_ended_, true)) mbedtls_ssl_close_notify(&ssl_);
    has_ended_ = true;
    return out_begin_ < out_.size();
  }

 private:
  // ---- where TLS reads and writes ----

  static int read_records(void* context, unsigned char* to, std::size_t size) {
    auto& self = *static_cast<TlsSession*>(context);
    const std::size_t count = std::min(size, self.end_ - self.begin_);
    if (count == 0) return MBEDTLS_ERR_SSL_WANT_READ;
    std::memcpy(to, self.in_.get() + self.begin_, count);
    self.begin_ += count;
    return static_cast<int>(count);
  }

  static int write_records(void* context, const unsigned char* from, std::size_t size) {
    auto& self = *static_cast<TlsSession*>(context);
    if (self.out_.size() - self.out_begin_ + size > out_bytes_max) return failure_of_a_deaf_peer;
    const auto* bytes = reinterpret_cast<const std::byte*>(from);
    self.out_.insert(self.out_.end(), bytes, bytes + size);
    return static_cast<int>(size);
  }

  // ---- reading ----

  ByteView unread() const { return {in_.get() + begin_, end_ - begin_}; }

  void release_if_empty() {
    if (begin_ < end_) return;
    begin_ = end_ = 0;
    in_.reset();
  }

  // One step further with what has arrived; false: more must come first.
  Result<bool> advance() {
    if (is_over_) {
      begin_ = end_;
      return false;
    }
    if (!is_shaken_) return shake_hands();
    return inner_ ? read_for_inner() : pick_inner();
  }

  Result<bool> shake_hands() {
    if (!is_seen_) {
      SCALER_CHECK(look_at_first_bytes());
      if (!is_seen_) return false;
    }
    const int status = mbedtls_ssl_handshake(&ssl_);
    if (status == MBEDTLS_ERR_SSL_WANT_READ) return !unread().empty();
    if (status != 0) return fail(status);
    is_shaken_ = true;
    return true;
  }

  // What speaks no TLS at all is told apart at once, with words that help.
  Status look_at_first_bytes() {
    const ByteView bytes = unread();
    if (bytes.empty()) return ok();
    const bool may_be_alert = side_ == Side::client && bytes[0] == alert_record;
    if ((bytes[0] != handshake_record && !may_be_alert) ||
        (bytes.size() > 1 && bytes[1] != major_version)) {
      is_over_ = true;
      return not_tls(bytes, side_ == Side::server);
    }
    is_seen_ = bytes.size() > 1;
    return ok();
  }

  // Nothing while more must come first, or when the peer has said that no more will.
  Result<std::size_t> decrypt(std::span<std::byte> room) {
    while (true) {
      const int status =
          mbedtls_ssl_read(&ssl_, reinterpret_cast<unsigned char*>(room.data()), room.size());
      if (status > 0) return static_cast<std::size_t>(status);
      is_over_ = status == 0 || status == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY;
      if (is_over_) end_stream();
      if (status != MBEDTLS_ERR_SSL_WANT_READ && !is_over_) return fail(status);
      if (is_over_ || unread().empty()) return std::size_t{0};
    }
  }

  Result<bool> read_for_inner() {
    SCALER_TRY(count, decrypt(inner_->receive_buffer()));
    if (count > 0) inner_->received(count);
    return count > 0;
  }

  Result<bool> pick_inner() {
    SCALER_ASSERT(head_size_ < head_bytes, "64 bytes that do not tell what they belong to");
    SCALER_TRY(count, decrypt(std::span(head_).subspan(head_size_)));
    if (count == 0) return false;
    head_size_ += count;
    ByteView rest = std::span(head_).first(head_size_);
    SCALER_TRY(picked, pick_(rest));
    inner_ = std::move(picked);
    while (inner_ && !rest.empty()) {
      const std::span<std::byte> room = inner_->receive_buffer();
      const std::size_t part = std::min(room.size(), rest.size());
      std::memcpy(room.data(), rest.data(), part);
      inner_->received(part);
      rest = rest.subspan(part);
    }
    return true;
  }

  Error fail(int status) {
    is_over_ = true;
    if (status == MBEDTLS_ERR_X509_CERT_VERIFY_FAILED)
      return not_trusted(mbedtls_ssl_get_verify_result(&ssl_));
    const bool is_alert = status == MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE;
    return error_of(status, is_alert ? ssl_.in_msg[1] : 0);
  }

  // ---- writing ----

  // Only when all of out_ has left. Small pieces share a record.
  void refill() {
    out_.clear();
    out_begin_ = 0;
    if (!is_shaken_ || !inner_ || has_ended_ || is_over_) return;
    std::array<std::byte, record_bytes> gathered;
    while (out_.size() < out_bytes) {
      std::size_t size = 0;
      for (const ByteView view : inner_->to_send()) {
        const std::size_t part = std::min(view.size(), gathered.size() - size);
        std::memcpy(gathered.data() + size, view.data(), part);
        size += part;
        if (size == gathered.size()) break;
      }
      if (size == 0) return;
      encrypt(std::span(gathered).first(size));
      inner_->sent(size);
    }
  }

  void encrypt(ByteView plain) {
    while (!plain.empty()) {
      const int status = mbedtls_ssl_write(
          &ssl_, reinterpret_cast<const unsigned char*>(plain.data()), plain.size());
      SCALER_ASSERT(status > 0, "TLS refuses to encrypt");
      plain = plain.subspan(static_cast<std::size_t>(status));
    }
  }

  const std::shared_ptr<Context> context_;
  const Side side_;
  const Pick pick_;
  std::unique_ptr<Session> inner_;
  mbedtls_ssl_context ssl_;

  std::unique_ptr<std::byte[]> in_;
  std::size_t begin_ = 0;  // of what TLS has not read yet
  std::size_t end_ = 0;
  std::array<std::byte, head_bytes> head_;  // what came out before there was an inner session
  std::size_t head_size_ = 0;
  bool is_seen_ = false;    // the first bytes were looked at
  bool is_shaken_ = false;  // the handshake is done
  bool is_over_ = false;    // nothing is heard any more
  bool has_ended_ = false;  // nothing is said any more

  std::vector<std::byte> out_;
  std::size_t out_begin_ = 0;
  ByteView view_;
};

}  // namespace

std::unique_ptr<Session> make_server(std::shared_ptr<Context> context, Pick pick) {
  SCALER_ASSERT(context->can_listen(), "a TLS server without a certificate");
  return std::make_unique<TlsSession>(std::move(context), Side::server, std::move(pick), nullptr);
}

std::unique_ptr<Session> make_client(std::shared_ptr<Context> context, const std::string& host,
                                     std::unique_ptr<Session> inner) {
  const bool checks_servers = context->checks_servers();
  auto session =
      std::make_unique<TlsSession>(std::move(context), Side::client, Pick{}, std::move(inner));
  // Who is checked needs a name to be checked by: what is none is in no certificate, and refused.
  if (checks_servers)
    session->name_server(host.substr(0, MBEDTLS_SSL_MAX_HOST_NAME_LEN));
  else if (is_name(host))
    session->name_server(host);
  session->begin();
  return session;
}

}  // namespace scaler::tls
