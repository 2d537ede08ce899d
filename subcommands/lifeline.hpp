#pragma once

namespace scaler::subcommands {

// Whoever started this process may want it to end with them, however they end: SCALER_LIFELINE_FD
// then says the number of a pipe whose writing end is theirs alone. When that closes, the kernel
// sends us SIGTERM, and the role stops in order as it always does. The variable is taken out of the
// environment, so that no child listens too. A number that is no pipe is left alone.
void hold_lifeline();

}  // namespace scaler::subcommands
