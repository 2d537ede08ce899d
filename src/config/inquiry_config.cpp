#include <array>

#include "config/option_groups.hpp"
#include "config/settings.hpp"
#include "config/tables.hpp"
#include "scaler/base/assert.hpp"
#include "scaler/config/commands.hpp"

// The commands that ask a running scheduler: status, workers, tasks, why, drain.
namespace scaler::config {
namespace {

// Listening addresses are allowed, since [scheduler] of a file says where it listens.
Option address_option() {
  return {.name = "scheduler-address",
          .aliases = {"bind-address"},
          .type = Type::address,
          .need = Need::required,
          .use = AddressUse::listen,
          .environment = "SCALER_ADDRESS",
          .help = "the scheduler to ask",
          .positional = true};
}

std::vector<Option> shared_options() {
  return {
      {.name = "json",
       .type = Type::flag,
       .fallback = "false",
       .group = core_group,
       .help = "write one JSON object instead of text"},
      {.name = "timeout",
       .shorts = {"t"},
       .type = Type::decimal,
       .fallback = "5",
       .unit = "seconds",
       .group = core_group,
       .help = "how long to wait for the answer"},
      config_option(),
  };
}

Option subject_option(std::string_view name, std::string_view help) {
  return {
      .name = name, .need = Need::required, .help = help, .positional = true, .word_only = true};
}

std::vector<Option> task_filters() {
  return {
      {.name = "state",
       .type = Type::choice,
       .fallback_why = "any",
       .choices = {"waiting", "running", "canceling"},
       .group = core_group,
       .help = "only tasks in this state"},
      {.name = "client",
       .fallback_why = "any",
       .group = core_group,
       .help = "only tasks of the clients whose id holds this text"},
      {.name = "worker",
       .fallback_why = "any",
       .group = core_group,
       .help = "only tasks that a worker whose id holds this text has"},
      {.name = "limit",
       .shorts = {"n"},
       .type = Type::integer,
       .fallback = "100",
       .least = 1,
       .most = 10'000,
       .unit = "tasks",
       .group = core_group,
       .help = "most tasks to list"},
  };
}

Table table(std::string_view command, std::string_view summary, std::vector<Option> own,
            std::string_view example) {
  return {.command = command,
          .summary = summary,
          .sections = {"scheduler"},
          .options = joined({std::move(own), shared_options()}),
          .examples = {example}};
}

const std::array<Table, 5>& tables_of_inquiries() {
  static const std::array<Table, 5> all = {
      table("scaler status",
            "Shows what a scheduler has: tasks by state, clients, workers and their managers. Any "
            "scheduler's monitor address will do too.",
            {address_option()}, "scaler status tcp://127.0.0.1:6378"),
      table("scaler workers",
            "Lists a scheduler's workers with their load and resources. Any scheduler's monitor "
            "address will do too.",
            {address_option()}, "scaler workers tcp://127.0.0.1:6378"),
      table("scaler tasks", "Lists a scheduler's unfinished tasks, oldest first within a client.",
            joined({{address_option()}, task_filters()}),
            "scaler tasks tcp://127.0.0.1:6378 --state waiting"),
      table("scaler why", "Says what a task is waiting for, or who has it.",
            {subject_option("task", "the task's id, 32 hexadecimal digits"), address_option()},
            "scaler why 6b1a9c0f4f5d4c3e9f1e2d3c4b5a6978 tcp://127.0.0.1:6378"),
      table("scaler drain",
            "Gives a worker no more tasks, moves those that it has not started elsewhere, and "
            "sends it home when it is idle.",
            {subject_option("worker", "the worker's id, or a part of it that no other has"),
             address_option()},
            "scaler drain 'FIX|3f2a' tcp://127.0.0.1:6378"),
  };
  return all;
}

InquiryOptions inquiry_of(Inquiry about, const Settings& settings) {
  InquiryOptions options;
  options.about = about;
  options.address = reachable(settings.address("scheduler-address"));
  options.json = settings.flag("json");
  options.timeout_seconds = settings.decimal("timeout");
  if (about == Inquiry::why) options.subject = settings.text("task");
  if (about == Inquiry::drain) options.subject = settings.text("worker");
  if (about != Inquiry::tasks) return options;
  options.state = settings.text("state");
  options.client = settings.text("client");
  options.worker = settings.text("worker");
  options.limit = settings.integer("limit");
  return options;
}

}  // namespace

std::span<const Table> inquiry_tables() { return tables_of_inquiries(); }

Result<Command<InquiryOptions>> parse_inquiry(Inquiry about, std::span<const std::string> words,
                                              const Machine& machine) {
  SCALER_TRY(resolved,
             resolve(tables_of_inquiries()[static_cast<std::size_t>(about)], words, machine));
  if (resolved.help) return Command<InquiryOptions>{};
  const Settings& settings = resolved.settings;
  const Address address = settings.address("scheduler-address");
  if (address.has_port() && address.port == 0)
    return settings.error_at("scheduler-address", "port 0 is where nobody can be reached");
  // Other keys of the file's [scheduler] are not ours to warn about.
  return Command<InquiryOptions>{inquiry_of(about, settings), {}};
}

}  // namespace scaler::config
