#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "roles/monitor_line.hpp"
#include "roles/terminal.hpp"
#include "scaler/base/log.hpp"
#include "scaler/net/loop.hpp"
#include "scaler/net/timer.hpp"
#include "scaler/net/tls_files.hpp"
#include "scaler/net/watcher.hpp"
#include "scaler/roles/roles.hpp"
#include "scaler/view/terminal_paint.hpp"
#include "scaler/view/top_screen.hpp"

namespace scaler::roles {
namespace {

Duration seconds_of(double seconds) {
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
}

// Draws on the terminal and listens to its keys and signals, from the first state on.
class TopDisplay {
 public:
  TopDisplay(net::Loop& loop, std::unique_ptr<Terminal> terminal, const view::Heard& heard,
             Duration patience)
      : loop_(loop),
        terminal_(std::move(terminal)),
        heard_(heard),
        patience_(patience),
        letters_(locale_is_utf8() ? view::Letters::utf8 : view::Letters::ascii),
        stops_{{loop, SIGTERM, [&loop] { loop.stop(); }},
               {loop, SIGINT, [&loop] { loop.stop(); }},
               {loop, SIGQUIT, [&loop] { loop.stop(); }},
               {loop, SIGHUP, [&loop] { loop.stop(); }}},
        resized_(loop, SIGWINCH, [this] { draw_everything(); }),
        suspended_(loop, SIGTSTP, [this] { suspend(); }),
        resumed_(loop, SIGCONT, [this] { resume(); }),
        escape_(loop, [this] { on_keys(keys_.flush()); }),
        tick_(loop, [this] { on_tick(); }),
        room_(loop, [this] { draw(); }),
        typed_(loop, terminal_->descriptor(), [this] { on_typed(); }) {
    tick_.start(1s, 1s);
    resume();
  }

  void on_state() {
    trouble_.clear();
    screen_.on_heard(heard_, loop_.now());
    draw();
  }
  void on_lost(std::string_view why) {
    trouble_ = why;
    draw();
  }

 private:
  static constexpr Duration escape_patience = 50ms;  // for what follows it in a key's sequence
  static constexpr Duration room_patience = 20ms;

  void on_typed() {
    const auto bytes = terminal_->read();
    if (!bytes) return loop_.stop();
    on_keys(keys_.read(*bytes));
    if (keys_.waits()) escape_.start(escape_patience);
  }

  void on_keys(const std::vector<view::Key>& keys) {
    for (const view::Key& key : keys) switch (screen_.on_key(key, heard_, loop_.now())) {
        case view::KeyEffect::quit:
          return loop_.stop();
        case view::KeyEffect::redraw:
          painted_.reset();
          break;
        case view::KeyEffect::draw:
        case view::KeyEffect::none:
          break;
      }
    draw();
  }

  void on_tick() {
    if (terminal_->gone()) return loop_.stop();
    if (!terminal_->taken()) resume();
    const bool silent = heard_.cluster.age(loop_.now()) > patience_;
    if (silent && trouble_.empty()) trouble_ = "the scheduler is silent";
    draw();
  }

  void draw_everything() {
    painted_.reset();
    draw();
  }

  // One write with the lines that have changed, if any.
  void draw() {
    if (!terminal_->taken()) return;
    if (!terminal_->flush()) return room_.start(room_patience);
    view::Frame frame = screen_.draw(terminal_->size(), loop_.now(), trouble_);
    const std::string bytes = painted_ ? view::paint(*painted_, frame, letters_)
                                       : view::paint_everything(frame, letters_);
    painted_ = std::move(frame);
    if (!bytes.empty()) terminal_->write(bytes);
  }

  // The terminal stays the shell's until this process comes to the front again.
  void resume() {
    if (!terminal_->take()) return typed_.pause();
    typed_.resume();
    draw_everything();
  }

  void suspend() {
    terminal_->give_back();
    typed_.pause();
    struct sigaction usual {};
    struct sigaction ours {};
    usual.sa_handler = SIG_DFL;
    sigaction(SIGTSTP, &usual, &ours);
    std::raise(SIGTSTP);  // goes on from here, at once if nobody could wake us
    sigaction(SIGTSTP, &ours, nullptr);
    resume();
  }

  net::Loop& loop_;
  std::unique_ptr<Terminal> terminal_;
  const view::Heard& heard_;
  Duration patience_;
  view::Letters letters_;
  view::TopScreen screen_;
  view::KeyReader keys_;
  std::string trouble_;                 // why nothing comes
  std::optional<view::Frame> painted_;  // what is on the terminal; none: not known
  net::Signal stops_[4];
  net::Signal resized_;
  net::Signal suspended_;
  net::Signal resumed_;
  net::Timer escape_;
  net::Timer tick_;
  net::Timer room_;
  net::Watcher typed_;
};

// Waits for a first state, and gives up in a sentence that helps; then shows what comes.
class Top {
 public:
  Top(net::Loop& loop, const config::TopOptions& options, std::shared_ptr<tls::Context> tls,
      std::unique_ptr<Terminal> terminal)
      : loop_(loop),
        options_(options),
        terminal_(std::move(terminal)),
        limit_(loop, [this] { give_up(); }),
        head_start_(loop, [this] { search_.start(); }),
        search_(loop, options.monitor_address, tls, [this] { limit_.start(search_patience); }),
        line_(loop, options.monitor_address, tls,
              {[this](const wire::Message& message) { on_message(message); },
               [this](std::string_view why) { on_lost(why); }}) {
    limit_.start(seconds_of(options.timeout_seconds));
    head_start_.start(head_start);
  }

  Result<std::string> take() { return std::move(outcome_); }

 private:
  static constexpr Duration head_start = 1500ms;  // states come each second
  static constexpr Duration search_patience = 1500ms;

  void on_message(const wire::Message& message) {
    heard_.on_message(message, loop_.now());
    if (!std::holds_alternative<wire::StateScheduler>(message)) return;
    if (!display_ && !begin()) return loop_.stop();
    display_->on_state();
  }

  // False: there is nothing to display, only to say.
  bool begin() {
    limit_.stop();
    head_start_.stop();
    if (!terminal_) {
      outcome_ = options_.json ? view::picture_json(heard_.cluster)
                               : view::picture_text(heard_, columns_of_output());
      return false;
    }
    display_ = std::make_unique<TopDisplay>(loop_, std::move(terminal_), heard_,
                                            seconds_of(options_.timeout_seconds));
    return true;
  }

  // A terminal would break longer lines; a pipe and a file take them whole.
  static std::size_t columns_of_output() {
    constexpr std::size_t any = 100'000;
    winsize size{};
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
    const char* wanted = std::getenv("COLUMNS");
    const long columns = wanted == nullptr ? 0 : std::strtol(wanted, nullptr, 10);
    return columns > 0 && columns < static_cast<long>(any) ? static_cast<std::size_t>(columns)
                                                           : any;
  }

  void on_lost(std::string_view why) {
    if (display_) return display_->on_lost(why);
    if (last_failure_.empty()) last_failure_ = why;
    search_.start();
  }

  void give_up() {
    const std::string address = options_.monitor_address.to_string();
    std::string text;
    if (search_.found())
      text = fmt::format("nothing is published at {}, but a scheduler's monitor is at {}", address,
                         search_.found()->to_string());
    else if (line_.was_connected())
      text = fmt::format(
          "{} publishes no scheduler's state within {} s; the monitor address is the scheduler's "
          "own with a port higher by 2, unless it was told another",
          address, options_.timeout_seconds);
    else
      text = fmt::format("no scheduler's monitor answers at {} within {} s: {}", address,
                         options_.timeout_seconds,
                         last_failure_.empty() ? "no answer" : last_failure_);
    outcome_ = Error{Errc::unavailable, std::move(text)};
    loop_.stop();
  }

  net::Loop& loop_;
  const config::TopOptions& options_;
  std::unique_ptr<Terminal> terminal_;  // until the display has it
  view::Heard heard_;
  Result<std::string> outcome_{std::string()};
  std::string last_failure_;
  net::Timer limit_;
  net::Timer head_start_;
  MonitorSearch search_;
  MonitorLine line_;
  std::unique_ptr<TopDisplay> display_;
};

}  // namespace

Result<std::string> run_top(const config::TopOptions& options) {
  log::set_level(log::Level::critical);  // attempts that fail are part of it, and lines would show
  SCALER_TRY(tls, net::open_tls({options.tls.cert, options.tls.key}));
  std::unique_ptr<Terminal> terminal;
  if (!options.once && !options.json && isatty(STDOUT_FILENO) != 0) {
    SCALER_TRY(opened, Terminal::open());
    terminal = std::move(opened);
  }
  net::Loop loop;
  Top top(loop, options, std::move(tls), std::move(terminal));
  loop.run();
  return top.take();
}

}  // namespace scaler::roles
