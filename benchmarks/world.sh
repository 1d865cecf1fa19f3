#!/usr/bin/env bash
# Scores against the truth of the simulated world: 50,000 users who all met every experiment by a fair coin, of whom 30 % are
# withheld. Prints per feature: Qini of the scores over Qini of the true uplift, and the slope of the true on the predicted
# uplift. The expected gain of a ranking over a random one is the covariance of true uplift and rank (the area under the
# cumulated true uplift), so that the ratio needs no responses.
set -euo pipefail
home="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
work="${1:-$home/target/world}"
rm -rf "$work"
mkdir -p "$work"
{ echo user_id; seq -f 'u%06.0f' 0 49999 | grep '[012]$'; } > "$work/withheld.csv"
common=(
  --conf "$home/conf/examples/demo.conf"
  --set "flagcast.simulation.root=$work/world" --set "flagcast.lake.root=$work/lake"
  --set flagcast.simulation.users=50000 --set flagcast.simulation.daily-visitors=100%
)
"$home/flagcast" simulate "${common[@]}"
"$home/flagcast" run "${common[@]}" --as-of 2026-03-03 --set "flagcast.training.withhold=$work/withheld.csv" \
  --set flagcast.training.folds=5 --set 'flagcast.training.challengers=[dr_linear]'
"$home/flagcast" models list "${common[@]}"
for feature in checkout_v2 express_pay; do
  "$home/flagcast" sql "
    WITH truth AS (
      SELECT user_id, p_if_enabled - p_if_not AS truth FROM parquet.\`$work/world/truth/*\`
      WHERE experiment_id LIKE '$feature%'),
    judged AS (
      SELECT truth, uplift, rank() OVER (ORDER BY score) AS by_score, rank() OVER (ORDER BY truth) AS by_truth
      FROM truth JOIN responsiveness_scores USING (user_id)
      WHERE feature_id = '$feature' AND user_id IN (SELECT _c0 FROM csv.\`$work/withheld.csv\`))
    SELECT '$feature' AS feature, count(*) AS users, covar_pop(truth, by_score) / covar_pop(truth, by_truth) AS qini_ratio,
      regr_slope(truth, uplift) AS slope, avg(truth) AS mean_uplift, avg(uplift) AS mean_predicted FROM judged" "${common[@]}"
done
