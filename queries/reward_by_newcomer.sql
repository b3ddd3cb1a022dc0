-- id: SM-T11
-- title: Reward or rollout of a job sent by somebody new
-- meaning: A reward was changed or a rollout completed in a running job of reinforcement learning by somebody
--   who never did that.
-- severity: medium
-- attack: T1565.001
-- atlas: AML.T0020
-- window: first seen against the baseline
-- needs: data AWS::SageMaker::Job, baseline
-- look-alikes: the trainer itself, in the baseline; sampling
WITH n AS (
  SELECT actor_key, ts, event_key
  FROM events
  WHERE event_source LIKE '%sagemaker%' AND event_name IN ('UpdateReward', 'CompleteRollout') AND is_data = 1 AND ok = 1
), f AS (
  SELECT actor_key, MIN(ts) AS first_ts FROM n GROUP BY actor_key
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       e.event_name || ' for ' || e.resource_arn AS why,
       e.source_ip
FROM f
JOIN n ON n.actor_key = f.actor_key AND n.ts = f.first_ts
JOIN events e ON e.event_key = n.event_key
CROSS JOIN params p
WHERE p.has_baseline = 1 AND f.first_ts >= p.split
  AND e.event_source LIKE '%sagemaker%' AND e.event_name IN ('UpdateReward', 'CompleteRollout') AND e.is_data = 1 AND e.ok = 1
