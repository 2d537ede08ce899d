#include "scaler/base/assert.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <csignal>
#include <string>

#include "scaler/base/assertion_hook.hpp"

namespace scaler {
namespace {

void say_first() { static_cast<void>(!write(STDERR_FILENO, "first\n", 6)); }

// What a child says on standard error before it dies of a failed assertion.
std::string last_words_with(AssertionHook hook) {
  std::array<int, 2> pipe_ends{};
  REQUIRE(pipe(pipe_ends.data()) == 0);
  const pid_t child = fork();
  if (child == 0) {
    dup2(pipe_ends[1], STDERR_FILENO);
    std::signal(SIGABRT, SIG_DFL);  // the test program's own reporter stays out of it
    set_assertion_hook(hook);
    SCALER_ASSERT(1 + 1 == 3, "arithmetic");
    _exit(0);
  }
  close(pipe_ends[1]);
  std::string words;
  std::array<char, 256> buffer{};
  for (ssize_t size = 0; (size = read(pipe_ends[0], buffer.data(), buffer.size())) > 0;)
    words.append(buffer.data(), static_cast<std::size_t>(size));
  close(pipe_ends[0]);
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  REQUIRE(WIFSIGNALED(status));
  REQUIRE(WTERMSIG(status) == SIGABRT);
  return words;
}

constexpr std::string_view report = "scaler: internal error: 1 + 1 == 3 is not true (arithmetic)";

}  // namespace

TEST_CASE("a failed assertion says what and where, and aborts", "[base]") {
  REQUIRE(last_words_with(nullptr).find(report) == 0);
}

TEST_CASE("who owns the terminal hears of a failed assertion before it is reported", "[base]") {
  REQUIRE(last_words_with(say_first).find("first\n" + std::string(report)) == 0);
}

}  // namespace scaler
