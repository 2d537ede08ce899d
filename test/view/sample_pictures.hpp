#pragma once

#include <string_view>

// What sample_heard looks like, without the spaces at the ends of lines, after a line break.
namespace scaler::view {

inline constexpr std::string_view picture_190x45 = R"(
scheduler       | object_manager     |         task_manager        |             scheduler_sent         |     scheduler_received
      cpu  1.0% |    num_of_objs 462 |              waiting     12 | WorkerManagerHeartbeatEcho      30 | WorkerManagerHeartbeat      30
      rss 41.1M |                    |              running      9 |        WorkerHeartbeatEcho      85 |        WorkerHeartbeat      85
 rss_free 19.9G |                    |              success 53,704 |        ClientHeartbeatEcho 283,701 |        ClientHeartbeat 283,701
                |                    |               failed     14 |                       Task  54,660 |      ObjectInstruction     233
                |                    |   failed_worker_died      0 |                 TaskResult  53,766 |                   Task  53,764
                |                    |             canceled     48 |                 TaskCancel      62 |             TaskResult  53,794
                |                    |   canceled_not_found      0 |                                    |             TaskCancel      60
                |                    |            canceling      0 |                                    |
                |                    |    balance_canceling      0 |                                    |
                |                    | worker_disconnecting      0 |                                    |
----------------------------------------------------------------------------------------------------------------------------------------
Shortcuts: manager[g] worker[n] agt_cpu[C] agt_rss[M] cpu[c] rss[m] rss_free[F] free[f] sent[w] queued[d] suspended[s] lag[l] help[?] quit[q]

Total 2 manager(s) with 7 worker(s), 2 pending
            manager                                       worker agt_cpu agt_rss  [cpu]    rss os_rss_free free sent queued suspended      lag ITL |                      client_manager tasks
wm-burst-of-tuesday                                Worker|NAT|77    0.7%   44.8M 175.0% 124.0M       20.7G  993    7      3         0 (7s) 2ms 110 | Client|6dd525aaf8f14c0bb3f1d2a1c5e+     3
          wm-native Worker|FIX|f3261bed1f00f4c2d9d6b9b1a2c3d4e5f    0.5%   42.9M 125.0% 104.9M       20.7G  995    5      2         0      2ms 110 | Client|0b1c2d3e4f5061728394a5b6c7d+    18
          wm-native Worker|FIX|e3261bed1f00f4c2d9d6b9b1a2c3d4e5f    0.4%   42.0M 100.0%  95.4M       20.7G  996    4      2         0      1ms 100 |
          wm-native Worker|FIX|d3261bed1f00f4c2d9d6b9b1a2c3d4e5f    0.3%   41.0M  75.0%  85.8M       20.7G  997    3      1         0      1ms 110 |
          wm-native Worker|FIX|c3261bed1f00f4c2d9d6b9b1a2c3d4e5f    0.2%   40.1M  50.0%  76.3M       20.7G  998    2      1         0    0.9ms 100 |
          wm-native Worker|FIX|b3261bed1f00f4c2d9d6b9b1a2c3d4e5f    0.1%   39.1M  25.0%  66.8M       20.7G  999    1      0         0    0.5ms 110 |
          wm-native Worker|FIX|a3261bed1f00f4c2d9d6b9b1a2c3d4e5f    0.0%   38.1M   0.0%  57.2M       20.7G 1000    0      0         0    0.1ms 100 |
)";

inline constexpr std::string_view picture_120x40 = R"(
scheduler       | object_manager     |         task_manager        |             scheduler_sent
      cpu  1.0% |    num_of_objs 462 |              waiting     12 | WorkerManagerHeartbeatEcho      30
      rss 41.1M |                    |              running      9 |        WorkerHeartbeatEcho      85
 rss_free 19.9G |                    |              success 53,704 |        ClientHeartbeatEcho 283,701
                |                    |               failed     14 |                       Task  54,660
                |                    |   failed_worker_died      0 |                 TaskResult  53,766
                |                    |             canceled     48 |                 TaskCancel      62
                |                    |   canceled_not_found      0 |
                |                    |            canceling      0 |
                |                    |    balance_canceling      0 |
                |                    | worker_disconnecting      0 |
-------------------------------------------------------------------------------------------------------
Shortcuts: manager[g] worker[n] agt_cpu[C] agt_rss[M] cpu[c] rss[m] rss_free[F] free[f] sent[w] help[?] quit[q]

Total 2 manager(s) with 7 worker(s), 2 pending
    manager                     worker agt_cpu agt_rss  [cpu]    rss os_rss_free free sent queued suspended      lag ITL
wm-burst-o+              Worker|NAT|77    0.7%   44.8M 175.0% 124.0M       20.7G  993    7      3         0 (7s) 2ms 110
  wm-native Worker|FIX|f3261bed1f00f4+    0.5%   42.9M 125.0% 104.9M       20.7G  995    5      2         0      2ms 110
  wm-native Worker|FIX|e3261bed1f00f4+    0.4%   42.0M 100.0%  95.4M       20.7G  996    4      2         0      1ms 100
  wm-native Worker|FIX|d3261bed1f00f4+    0.3%   41.0M  75.0%  85.8M       20.7G  997    3      1         0      1ms 110
  wm-native Worker|FIX|c3261bed1f00f4+    0.2%   40.1M  50.0%  76.3M       20.7G  998    2      1         0    0.9ms 100
  wm-native Worker|FIX|b3261bed1f00f4+    0.1%   39.1M  25.0%  66.8M       20.7G  999    1      0         0    0.5ms 110
  wm-native Worker|FIX|a3261bed1f00f4+    0.0%   38.1M   0.0%  57.2M       20.7G 1000    0      0         0    0.1ms 100
)";

inline constexpr std::string_view picture_80x24 = R"(
scheduler       | object_manager     |         task_manager
      cpu  1.0% |    num_of_objs 462 |              waiting     12
      rss 41.1M |                    |              running      9
 rss_free 19.9G |                    |              success 53,704
                |                    |               failed     14
                |                    |   failed_worker_died      0
                |                    |             canceled     48
                |                    |   canceled_not_found      0
                |                    |            canceling      0
                |                    |    balance_canceling      0
                |                    | worker_disconnecting      0
------------------------------------------------------------------
Shortcuts: manager[g] worker[n] agt_cpu[C] agt_rss[M] cpu[c] help[?] quit[q]

Total 2 manager(s) with 7 worker(s), 2 pending
manager       worker agt_cpu agt_rss  [cpu]    rss free sent queued      lag ITL
wm-bur+       NAT|77    0.7%   44.8M 175.0% 124.0M  993    7      3 (7s) 2ms 110
wm-nat+ FIX|f3261be+    0.5%   42.9M 125.0% 104.9M  995    5      2      2ms 110
wm-nat+ FIX|e3261be+    0.4%   42.0M 100.0%  95.4M  996    4      2      1ms 100
wm-nat+ FIX|d3261be+    0.3%   41.0M  75.0%  85.8M  997    3      1      1ms 110
wm-nat+ FIX|c3261be+    0.2%   40.1M  50.0%  76.3M  998    2      1    0.9ms 100
wm-nat+ FIX|b3261be+    0.1%   39.1M  25.0%  66.8M  999    1      0    0.5ms 110
wm-nat+ FIX|a3261be+    0.0%   38.1M   0.0%  57.2M 1000    0      0    0.1ms 100
)";

inline constexpr std::string_view picture_40x10 = R"(
scheduler       | task_manager
      cpu  1.0% |      waiting 12
      rss 41.1M |      running  9
---------------------------------
7 worker(s), rows 1-4 of 7
   worker  [cpu]    rss free sent queued
   NAT|77 175.0% 124.0M  993    7      3
FIX|f326+ 125.0% 104.9M  995    5      2
FIX|e326+ 100.0%  95.4M  996    4      2
FIX|d326+  75.0%  85.8M  997    3      1
)";

inline constexpr std::string_view picture_of_managers = R"(
scheduler       | object_manager     |         task_manager        |             scheduler_sent
      cpu  1.0% |    num_of_objs 462 |              waiting     12 | WorkerManagerHeartbeatEcho      30
      rss 41.1M |                    |              running      9 |        WorkerHeartbeatEcho      85
 rss_free 19.9G |                    |              success 53,704 |        ClientHeartbeatEcho 283,701
                |                    |               failed     14 |                       Task  54,660
                |                    |   failed_worker_died      0 |                 TaskResult  53,766
                |                    |             canceled     48 |                 TaskCancel      62
                |                    |   canceled_not_found      0 |
                |                    |            canceling      0 |
                |                    |    balance_canceling      0 |
                |                    | worker_disconnecting      0 |
-------------------------------------------------------------------------------------------------------
Shortcuts: manager[g] worker[n] agt_cpu[C] agt_rss[M] cpu[c] rss[m] rss_free[F] free[f] sent[w] help[?] quit[q]

Total 2 manager(s) with 7 worker(s), 2 pending
            manager workers max pending agt_cpu agt_rss  [cpu]    rss free sent queued suspended seen capabilities
          wm-native       6   -       -    1.5%  243.2M 375.0% 486.4M 5985   15      6         0    -            -
wm-burst-of-tuesday       1  16       2    0.7%   44.8M 175.0% 124.0M  993    7      3         0   2s    gpu linux
)";

inline constexpr std::string_view picture_of_clients = R"(
scheduler       | object_manager     |         task_manager        |             scheduler_sent
      cpu  1.0% |    num_of_objs 462 |              waiting     12 | WorkerManagerHeartbeatEcho      30
      rss 41.1M |                    |              running      9 |        WorkerHeartbeatEcho      85
 rss_free 19.9G |                    |              success 53,704 |        ClientHeartbeatEcho 283,701
                |                    |               failed     14 |                       Task  54,660
                |                    |   failed_worker_died      0 |                 TaskResult  53,766
                |                    |             canceled     48 |                 TaskCancel      62
                |                    |   canceled_not_found      0 |
                |                    |            canceling      0 |
                |                    |    balance_canceling      0 |
                |                    | worker_disconnecting      0 |
-------------------------------------------------------------------------------------------------------
Shortcuts: manager[g] worker[n] agt_cpu[C] agt_rss[M] cpu[c] rss[m] rss_free[F] free[f] sent[w] help[?] quit[q]

Total 2 client(s) with 21 task(s), 2 function(s) seen since the start
                         client_manager tasks |                 function success failed mean  peak
Client|0b1c2d3e4f5061728394a5b6c7d8e9f0    18 |                     fold       2      0   1s 40.0M
Client|6dd525aaf8f14c0bb3f1d2a1c5e5a0d1     3 | __main__.parse_all_of_it       0      1    -     -
)";

inline constexpr std::string_view picture_for_a_pipe = R"(
scheduler       | object_manager     |         task_manager        |             scheduler_sent         |     scheduler_received
      cpu  1.0% |    num_of_objs 462 |              waiting     12 | WorkerManagerHeartbeatEcho      30 | WorkerManagerHeartbeat      30
      rss 41.1M |                    |              running      9 |        WorkerHeartbeatEcho      85 |        WorkerHeartbeat      85
 rss_free 19.9G |                    |              success 53,704 |        ClientHeartbeatEcho 283,701 |        ClientHeartbeat 283,701
                |                    |               failed     14 |                       Task  54,660 |      ObjectInstruction     233
                |                    |   failed_worker_died      0 |                 TaskResult  53,766 |                   Task  53,764
                |                    |             canceled     48 |                 TaskCancel      62 |             TaskResult  53,794
                |                    |   canceled_not_found      0 |                                    |             TaskCancel      60
                |                    |            canceling      0 |                                    |
                |                    |    balance_canceling      0 |                                    |
                |                    | worker_disconnecting      0 |                                    |
----------------------------------------------------------------------------------------------------------------------------------------
Total 2 manager(s) with 7 worker(s), 2 pending
            manager                                       worker agt_cpu agt_rss  [cpu]    rss os_rss_free free sent queued suspended      lag ITL |                          client_manager tasks
wm-burst-of-tuesday                                Worker|NAT|77    0.7%   44.8M 175.0% 124.0M       20.7G  993    7      3         0 (7s) 2ms 110 | Client|6dd525aaf8f14c0bb3f1d2a1c5e5a0d1     3
          wm-native Worker|FIX|f3261bed1f00f4c2d9d6b9b1a2c3d4e5f    0.5%   42.9M 125.0% 104.9M       20.7G  995    5      2         0      2ms 110 | Client|0b1c2d3e4f5061728394a5b6c7d8e9f0    18
          wm-native Worker|FIX|e3261bed1f00f4c2d9d6b9b1a2c3d4e5f    0.4%   42.0M 100.0%  95.4M       20.7G  996    4      2         0      1ms 100 |
          wm-native Worker|FIX|d3261bed1f00f4c2d9d6b9b1a2c3d4e5f    0.3%   41.0M  75.0%  85.8M       20.7G  997    3      1         0      1ms 110 |
          wm-native Worker|FIX|c3261bed1f00f4c2d9d6b9b1a2c3d4e5f    0.2%   40.1M  50.0%  76.3M       20.7G  998    2      1         0    0.9ms 100 |
          wm-native Worker|FIX|b3261bed1f00f4c2d9d6b9b1a2c3d4e5f    0.1%   39.1M  25.0%  66.8M       20.7G  999    1      0         0    0.5ms 110 |
          wm-native Worker|FIX|a3261bed1f00f4c2d9d6b9b1a2c3d4e5f    0.0%   38.1M   0.0%  57.2M       20.7G 1000    0      0         0    0.1ms 100 |
)";

}  // namespace scaler::view
