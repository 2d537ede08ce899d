#include "subcommands/commands.hpp"

// Declared, not included: embed/cpython/zygote.hpp comes with the interpreter, which the tests of
// the commands do without.
namespace scaler::embed {
int zygote_main(int argc, char** argv);
}

namespace scaler::subcommands {

int run_zygote(const Arguments& arguments) {
  return embed::zygote_main(arguments.argc, arguments.argv);
}

}  // namespace scaler::subcommands
