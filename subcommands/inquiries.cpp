#include "scaler/roles/roles.hpp"
#include "subcommands/commands.hpp"
#include "subcommands/output.hpp"

// The commands that ask a running scheduler.
namespace scaler::subcommands {
namespace {

int ask(config::Inquiry about, std::string_view command, const Arguments& arguments) {
  return run_role<config::InquiryOptions>(
      command, arguments.words(),
      [&](std::span<const std::string> words, const config::Machine& machine) {
        return config::parse_inquiry(about, words, machine);
      },
      [&](const config::InquiryOptions& options, const std::vector<config::Note>&) {
        auto answer = roles::ask_scheduler(options);
        return answer ? print(*answer) : complain(command, answer.error());
      });
}

}  // namespace

int run_status(const Arguments& arguments) {
  return ask(config::Inquiry::status, "scaler status", arguments);
}

int run_workers(const Arguments& arguments) {
  return ask(config::Inquiry::workers, "scaler workers", arguments);
}

int run_tasks(const Arguments& arguments) {
  return ask(config::Inquiry::tasks, "scaler tasks", arguments);
}

int run_why(const Arguments& arguments) {
  return ask(config::Inquiry::why, "scaler why", arguments);
}

int run_drain(const Arguments& arguments) {
  return ask(config::Inquiry::drain, "scaler drain", arguments);
}

}  // namespace scaler::subcommands
