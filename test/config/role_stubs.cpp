// Roles that only tell what they were given, so that the commands can be tested as a program.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdio>

#include "embed/cpython/python_program.hpp"
#include "scaler/roles/roles.hpp"

namespace scaler::roles {

int run_scheduler(const config::SchedulerOptions& options) {
  fmt::print("role scheduler {}\n", options.bind_address.to_string());
  return 0;
}

int run_object_storage_server(const config::StoreOptions& options) {
  fmt::print("role store {}\n", options.bind_address.to_string());
  return 0;
}

int run_worker(const config::WorkerOptions& options) {
  fmt::print("role worker {}\n", options.worker_id);
  return 0;
}

int run_worker_manager(const config::WorkerManagerOptions& options) {
  fmt::print("role manager {} {}\n", options.worker_manager_id, options.max_task_concurrency);
  return 0;
}

int run_worker_adapter(const config::AdapterOptions& options) {
  fmt::print("role adapter {} {}\n", options.web_host, options.web_port);
  return 0;
}

int run_gui(const config::GuiOptions& options, const std::vector<PageFile>& page) {
  fmt::print("role gui {} {} {} files\n", options.monitor_address.to_string(), options.gui_address,
             page.size());
  return 0;
}

int run_launcher(const config::StackOptions& options) {
  for (const config::StackProcess& process : options.processes)
    fmt::print("role launcher {}:{} {}\n", options.file, process.name,
               fmt::join(process.words, " "));
  return 0;
}

Result<std::string> ask_scheduler(const config::InquiryOptions& options) {
  if (options.subject == "nobody") return Error{Errc::not_found, "no worker's id holds 'nobody'"};
  return fmt::format("question {} {} {}\n", static_cast<int>(options.about),
                     options.address.to_string(), options.subject);
}

Result<std::string> run_top(const config::TopOptions& options) {
  if (options.monitor_address.host == "nobody") return Error{Errc::unavailable, "nobody answers"};
  return fmt::format("role top {} {} {} {}\n", options.monitor_address.to_string(),
                     options.timeout_seconds, options.once, options.json);
}

}  // namespace scaler::roles

namespace scaler::embed {

int zygote_main(int argc, char** argv);
Result<std::string> executable_of(const std::string& python_env);

Result<std::string> executable_of(const std::string& python_env) {
  if (python_env == "/nowhere") return Error{Errc::usage, python_env + " is no environment"};
  return std::string("/usr/bin/python3");
}

int zygote_main(int argc, char** argv) {
  fmt::print("role zygote {} {}\n", argc, argv[argc - 1]);
  return 0;
}

int run_python_program(const PythonProgram& program) {
  fmt::print("python {} workers {} env {} level {}\n", fmt::join(program.words, " "),
             program.workers, program.python_env, program.logging_level);
  return 0;
}

}  // namespace scaler::embed
