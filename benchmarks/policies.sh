#!/usr/bin/env bash
# What policies are worth, in plain Java worlds whose truth is known and on the Open Bandit sample: regret of the bandit's
# algorithms day by day, coverage and errors of the off-policy estimators, and their estimates of a policy whose own log has the answer.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
mvn -B -q -ntp test -pl allocation -am -Dtest='BanditWorldTest,OffPolicyWorldTest,TamedWeightsTest,OpenBanditTest' \
  -Dsurefire.failIfNoSpecifiedTests=false
