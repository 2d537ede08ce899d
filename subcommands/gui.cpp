#include "embed/web/web_files.hpp"
#include "scaler/roles/roles.hpp"
#include "subcommands/commands.hpp"
#include "subcommands/output.hpp"

namespace scaler::subcommands {
namespace {

int serve(const config::GuiOptions& options) {
  std::vector<roles::PageFile> page;
  for (embed::WebFile& one : embed::web_files())
    page.push_back({std::string(one.file.path), std::string(one.file.content_type),
                    std::string(one.file.packed), std::move(one.plain)});
  return roles::run_gui(options, page);
}

template <class Parse>
int log_and_serve(std::string_view command, const Arguments& arguments, Parse parse) {
  return run_role<config::GuiOptions>(
      command, arguments.words(), parse,
      [&](const config::GuiOptions& options, const std::vector<config::Note>& notes) {
        return log_and_run(command, options, "builtin", notes, serve);
      });
}

}  // namespace

int run_gui(const Arguments& arguments) {
  return log_and_serve("scaler_gui", arguments, config::parse_gui);
}

int run_ui(const Arguments& arguments) {
  return log_and_serve("scaler_ui", arguments, config::parse_ui);
}

}  // namespace scaler::subcommands
