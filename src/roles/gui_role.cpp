#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <memory>
#include <utility>

#include "base/sha1.hpp"
#include "roles/browsers.hpp"
#include "roles/role_signals.hpp"
#include "scaler/base/log.hpp"
#include "scaler/base/random.hpp"
#include "scaler/config/logging.hpp"
#include "scaler/http/browser.hpp"
#include "scaler/net/dealer.hpp"
#include "scaler/net/loop.hpp"
#include "scaler/net/stream_server.hpp"
#include "scaler/net/timer.hpp"
#include "scaler/net/tls_files.hpp"
#include "scaler/roles/readiness.hpp"
#include "scaler/roles/roles.hpp"
#include "scaler/view/page_feed.hpp"
#include "scaler/wire/codec.hpp"

namespace scaler::roles {
namespace {

constexpr Duration batch_interval = 100ms;
constexpr std::size_t etag_digits = 20;

// Read once: what is shown counts on by the monotonic clock, whoever sets this one.
view::WallMs wall_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

net::DealerOptions subscription(const config::GuiOptions& options,
                                std::shared_ptr<tls::Context> tls) {
  net::DealerOptions result;
  result.address = options.monitor_address;
  result.socket_type = SocketType::sub;
  result.identity = fmt::format("Gui|{}", Random::from_system().hex(32));
  result.tries_both_protocols = true;
  result.tls = std::move(tls);
  return result;
}

struct ServedFile {
  std::string path;
  std::string content_type;
  std::string etag;
  Bytes packed;
  Bytes plain;
};

std::vector<ServedFile> served(const std::vector<PageFile>& page) {
  std::vector<ServedFile> files;
  for (const PageFile& file : page) {
    const std::string digest = to_hex(sha1(as_bytes(file.plain))).substr(0, etag_digits);
    files.push_back({file.path, file.content_type, digest, Bytes::copy_of(file.packed),
                     Bytes::copy_of(file.plain)});
  }
  return files;
}

// Hears a scheduler's monitor stream, for ever again when it breaks off, and serves the page: its
// files and questions over HTTP, its data over WebSockets, batched.
class GuiRole final : net::DealerEvents {
 public:
  GuiRole(net::Loop& loop, const config::GuiOptions& options, const std::vector<PageFile>& page,
          std::shared_ptr<tls::Context> tls)
      : loop_(loop),
        started_at_(loop.now()),
        started_wall_(wall_ms()),
        files_(served(page)),
        feed_({.monitor_address = options.monitor_address.to_string(), .started = started_wall_}),
        server_(loop, {.peers_max = 128},
                {[origins = options.allowed_origins] {
                   return http::make_browser_session({.allowed_origins = origins});
                 },
                 [this](PeerId peer, const Bytes& message) { on_browser_message(peer, message); },
                 [this](PeerId peer) { on_page(peer); },
                 [this](PeerId peer) { browsers_.remove(peer); }}),
        browsers_(server_),
        stream_(loop, subscription(options, std::move(tls)), *this),
        batch_(loop, [this] { tell(); }) {
    batch_.start(batch_interval, batch_interval);
  }

  Result<Address> listen(const Address& address) { return server_.listen(address); }

 private:
  view::PageFeed::Now now() const {
    const auto passed =
        std::chrono::duration_cast<std::chrono::milliseconds>(loop_.now() - started_at_);
    return {loop_.now(), started_wall_ + passed.count()};
  }

  void on_connected() override { log::info("gui: connected to the monitor stream"); }
  void on_disconnected(std::string_view why) override {
    log::at(std::exchange(was_told_, true) ? log::Level::debug : log::Level::warning,
            "gui: no monitor stream: {}", why);
  }
  void on_message(Bytes payload) override {
    was_told_ = false;
    const auto message = wire::decode(payload);
    if (message) return feed_.on_message(*message, now());
    if (auto more = undecodable_.allow(loop_.now()))
      log::warning("gui: {} ({} more)", message.error().text, *more);
  }

  // ---- pages ----

  void on_page(PeerId peer) {
    browsers_.add(peer);
    tell();
  }

  void tell() {
    const auto moment = now();
    if (const auto delta = feed_.take_delta(moment); delta && !browsers_.empty())
      browsers_.send_delta(Bytes::copy_of(*delta), moment.at);
    if (browsers_.anyone_needs_snapshot()) browsers_.send_snapshot(snapshot());
  }

  // One for all who ask before the next change.
  const Bytes& snapshot() {
    if (snapshot_.empty() || snapshot_sequence_ != feed_.sequence()) {
      snapshot_ = Bytes::copy_of(feed_.snapshot(now()) + '\n');
      snapshot_sequence_ = feed_.sequence();
    }
    return snapshot_;
  }

  // ---- requests ----

  void on_browser_message(PeerId peer, const Bytes& message) {
    if (browsers_.contains(peer)) return;  // a page has nothing to say that we need
    const auto request = http::parse_page_request(message.text());
    if (request) answer(peer, *request);  // the session let no other through
  }

  void answer(PeerId peer, const http::PageRequest& request) {
    for (const ServedFile& file : files_)
      if (file.path == request.path) return answer_file(peer, request, file);
    if (request.path == "/api/state") {
      tell();
      return reply(peer, request, 200, "application/json", snapshot());
    }
    if (request.path == "/metrics")
      return reply(peer, request, 200, "text/plain; version=0.0.4; charset=utf-8",
                   Bytes::copy_of(feed_.metrics(now())));
    if (request.path == "/healthz") {
      const bool is_fresh = feed_.is_fresh(now());
      return reply(
          peer, request, is_fresh ? 200 : 503, "text/plain; charset=utf-8",
          Bytes::copy_of(is_fresh ? "ok\n" : "the scheduler said nothing for five seconds\n"));
    }
    reply(peer, request, 404, "text/plain; charset=utf-8",
          Bytes::copy_of("there is no such page\n"));
  }

  void answer_file(PeerId peer, const http::PageRequest& request, const ServedFile& file) {
    http::PageResponse response;
    response.is_gzipped = request.accepts_gzip;
    response.etag = fmt::format("\"{}{}\"", file.etag, response.is_gzipped ? "-gz" : "");
    response.content_type = file.content_type;
    const bool is_known = request.if_none_match.find(response.etag) != std::string::npos;
    if (is_known) {
      response.status = 304;
      response.is_gzipped = false;
    }
    send(peer, request, response,
         is_known              ? Bytes()
         : response.is_gzipped ? file.packed
                               : file.plain);
  }

  void reply(PeerId peer, const http::PageRequest& request, int status, std::string content_type,
             const Bytes& body) {
    http::PageResponse response;
    response.status = status;
    response.content_type = std::move(content_type);
    send(peer, request, response, body);
  }

  void send(PeerId peer, const http::PageRequest& request, http::PageResponse& response,
            const Bytes& body) {
    response.body_bytes = body.size();
    const bool has_body = request.method != "HEAD" && !body.empty();
    const auto after =
        request.keeps_alive ? net::StreamServer::After::keep : net::StreamServer::After::close;
    server_.send(peer, Bytes::copy_of(http::format_head(response, request.keeps_alive)),
                 has_body ? net::StreamServer::After::keep : after);
    if (has_body) server_.send(peer, body, after);
  }

  net::Loop& loop_;
  const TimePoint started_at_;
  const view::WallMs started_wall_;
  const std::vector<ServedFile> files_;
  view::PageFeed feed_;
  Bytes snapshot_;
  std::uint64_t snapshot_sequence_ = 0;
  log::RateLimit undecodable_{5, 10s};
  bool was_told_ = false;  // that there is no stream
  net::StreamServer server_;
  Browsers browsers_;
  net::Dealer stream_;
  net::Timer batch_;
};

// "0.0.0.0:50001", "::1:80"
Address address_of(const std::string& host_and_port) {
  const std::size_t colon = host_and_port.rfind(':');
  std::string host = host_and_port.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  Address address;
  address.host = host;
  address.port = static_cast<std::uint16_t>(std::stoul(host_and_port.substr(colon + 1)));
  return address;
}

// What a browser can open: a listener on all interfaces is told by this machine's name.
std::string url_of(Address bound) {
  std::array<char, 256> name{};
  const bool everywhere = bound.host == "0.0.0.0" || bound.host == "::";
  if (everywhere) bound.host = ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
  if (bound.host.empty()) bound.host = "localhost";
  return "http://" + bound.host_and_port();
}

}  // namespace

int run_gui(const config::GuiOptions& options, const std::vector<PageFile>& page) {
  Readiness readiness;
  auto tls = net::open_tls({options.tls.cert, options.tls.key});
  if (!tls) {
    config::report_failure("scaler_gui", tls.error().text);
    return 2;
  }
  net::Loop loop;
  GuiRole role(loop, options, page, std::move(*tls));
  const auto bound = role.listen(address_of(options.gui_address));
  if (!bound) {
    config::report_failure("scaler_gui", bound.error().text);
    return 1;
  }
  const RoleSignals signals(loop, [&](const char* name) {
    log::info("gui: received signal {}, stopping", name);
    loop.stop();
  });
  log::info("gui: open {} in a browser, it shows {}", url_of(*bound),
            options.monitor_address.to_string());
  readiness.announce();
  loop.run();
  return 0;
}

}  // namespace scaler::roles
