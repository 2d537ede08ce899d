#include "scaler/net/loop.hpp"

#include <algorithm>
#include <utility>

#include "net/loop_impl.hpp"
#include "scaler/base/assert.hpp"

namespace scaler::net {
namespace {

constexpr Duration slow_turn = 10ms;
constexpr unsigned costly_steps_per_turn = 2;  // some milliseconds each

uv_handle_t* as_handle(void* handle) { return static_cast<uv_handle_t*>(handle); }

void require_closing(uv_handle_t* handle, void* /*unused*/) {
  SCALER_ASSERT(uv_is_closing(handle), uv_handle_type_name(uv_handle_get_type(handle)));
}

}  // namespace

Loop::Impl::Impl() {
  int status = uv_loop_init(&uv);
  SCALER_ASSERT(status == 0, uv_strerror(status));
  uv.data = this;
  uv_prepare_init(&uv, &prepare);
  uv_idle_init(&uv, &idle);
  uv_prepare_start(&prepare,
                   [](uv_prepare_t* raw) { static_cast<Impl*>(raw->loop->data)->end_turn(); });
  uv_unref(as_handle(&prepare));
}

Loop::Impl::~Impl() {
  SCALER_ASSERT(std::ranges::all_of(tokens, [](Token* token) { return token == nullptr; }),
                "a before_poll registration outlives its loop");
  uv_close(as_handle(&prepare), nullptr);
  uv_close(as_handle(&idle), nullptr);
  uv_walk(&uv, require_closing, nullptr);     // a leaked handle would keep the next line for ever
  while (uv_run(&uv, UV_RUN_DEFAULT) != 0) {  // again, if an old stop() ended it
  }
  const int status = uv_loop_close(&uv);
  SCALER_ASSERT(status == 0, uv_strerror(status));
}

void Loop::Impl::run() {
  stopping = false;
  running = true;
  do {
    uv_run(&uv, UV_RUN_DEFAULT);
    end_turn();  // what the last callbacks said still leaves
  } while (!stopping && uv_loop_alive(&uv) != 0);
  running = false;
  sampled_now.reset();
}

void Loop::Impl::end_turn() {
  run_before_poll();
  turn_end.run();
  note_slow_turn();
  rest_if_idle();
  ++turn;
  sampled_now.reset();
}

// True for the first few that ask in a turn.
bool Loop::Impl::take_costly_step() {
  if (costly_turn != turn) costly_steps = 0;
  costly_turn = turn;
  return ++costly_steps <= costly_steps_per_turn;
}

void Loop::Impl::run_before_poll() {
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    Token* token = tokens[i];
    if (token == nullptr) continue;
    auto fn = std::move(token->fn_);
    fn();
    if (tokens[i] == token) token->fn_ = std::move(fn);
  }
  if (std::erase(tokens, nullptr) == 0) return;
  for (std::size_t i = 0; i < tokens.size(); ++i) tokens[i]->place_ = i;
}

void Loop::Impl::keep_awake() {
  uv_idle_start(&idle,
                [](uv_idle_t* raw) { static_cast<Impl*>(raw->loop->data)->next_turn.run(); });
}

void Loop::Impl::rest_if_idle() {
  if (wakeful_turns > 0)
    --wakeful_turns;
  else if (next_turn.empty() && turn_end.empty())
    uv_idle_stop(&idle);
  else
    keep_awake();
}

void Loop::Impl::note_slow_turn() {
  if (!running || !sampled_now || !log::enabled(log::Level::debug)) return;
  const TimePoint end{Duration(uv_hrtime())};
  const Duration took = end - *sampled_now;
  if (took < slow_turn) return;
  if (auto more = slow_turns.allow(end))
    log::debug("a loop turn took {} ms ({} more like it)", took / 1ms, *more);
}

TimePoint Loop::Impl::now() {
  if (!sampled_now || !running) refresh_now();
  return *sampled_now;
}

void Loop::Impl::refresh_now() { sampled_now = TimePoint{Duration(uv_hrtime())}; }

Loop::Loop() : impl_(std::make_unique<Impl>()) {}
Loop::~Loop() = default;

TimePoint Loop::now() const { return impl_->now(); }

std::unique_ptr<Loop::Token> Loop::before_poll(std::function<void()> fn) {
  return std::make_unique<Token>(*impl_, std::move(fn));
}

void Loop::wake() {
  impl_->wakeful_turns = 1;
  impl_->keep_awake();
}

void Loop::run() { impl_->run(); }

void Loop::stop() {
  impl_->stopping = true;
  uv_stop(&impl_->uv);
}

uv_loop_s* Loop::raw() { return &impl_->uv; }

Loop::Token::Token(Impl& loop, std::function<void()> fn)
    : loop_(loop), place_(loop.tokens.size()), fn_(std::move(fn)) {
  loop.tokens.push_back(this);
}

Loop::Token::~Token() { loop_.tokens[place_] = nullptr; }

}  // namespace scaler::net
