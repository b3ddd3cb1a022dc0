-- id: SM-T08
-- title: Metrics of an experiment written by another hand
-- meaning: Metrics were written to a component of an experiment that somebody else wrote before, by somebody
--   who never wrote metrics.
-- severity: medium
-- attack: T1565.001
-- atlas: AML.T0031
-- window: first seen against the baseline
-- needs: data AWS::SageMaker::ExperimentTrialComponent, baseline
-- look-alikes: filling gaps afterwards by a pipeline that writes metrics in the baseline; components of ones
--   own
WITH n AS (
  SELECT actor_key, resource_arn, ts, event_key
  FROM events
  WHERE event_source = 'metrics-sagemaker.amazonaws.com' AND event_name = 'BatchPutMetrics' AND ok = 1
), f AS (
  SELECT actor_key, MIN(ts) AS first_ts FROM n GROUP BY actor_key
), o AS (
  SELECT actor_key, resource_arn, MIN(ts) AS first_ts FROM n GROUP BY actor_key, resource_arn
), x AS (
  SELECT DISTINCT n.event_key
  FROM f
  JOIN n ON n.actor_key = f.actor_key AND n.ts = f.first_ts
  JOIN o ON o.resource_arn = n.resource_arn
  WHERE o.actor_key <> n.actor_key AND o.first_ts < n.ts
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       'wrote metrics of ' || e.resource_arn AS why,
       e.source_ip
FROM x
JOIN events e ON e.event_key = x.event_key
CROSS JOIN params p
WHERE p.has_baseline = 1 AND e.ts >= p.split
  AND e.event_source = 'metrics-sagemaker.amazonaws.com' AND e.event_name = 'BatchPutMetrics' AND e.ok = 1
