#pragma once

#include <string>
#include <vector>

#include "scaler/base/result.hpp"
#include "scaler/config/options.hpp"
#include "scaler/config/stack.hpp"

// Each runs one role to its end and gives the exit code: 0 a wanted stop, 1 a failure at run time,
// which has been logged in one line. The only place where cores meet sockets.
namespace scaler::roles {

int run_scheduler(const config::SchedulerOptions& options);
int run_object_storage_server(const config::StoreOptions& options);
int run_worker(const config::WorkerOptions& options);
int run_worker_manager(const config::WorkerManagerOptions& options);
int run_worker_adapter(const config::AdapterOptions& options);  // of kind native

// A file of the web page: where it is, what it is, and its content, packed by gzip and not.
struct PageFile {
  std::string path;
  std::string content_type;
  std::string packed;
  std::string plain;
};
// Serves the page, and what a scheduler's monitor stream says, to browsers.
int run_gui(const config::GuiOptions& options, const std::vector<PageFile>& page);
// Starts the processes of a stack in their order and stops them together. Gives the code of the
// process that failed (128 + n: by signal n), 0 after a signal to us or the scheduler's clean end.
int run_launcher(const config::StackOptions& options);
// Asks a running scheduler; gives what to print. An error of kind not_found is the scheduler's own
// word about the question.
Result<std::string> ask_scheduler(const config::InquiryOptions& options);
// Shows what a scheduler's monitor stream tells, until a key ends it; where standard output is no
// terminal, or one picture is wanted, gives that for printing.
Result<std::string> run_top(const config::TopOptions& options);

}  // namespace scaler::roles
