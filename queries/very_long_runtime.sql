-- id: SM-G09
-- title: Job that may run far longer than any
-- meaning: A training job may run three times as long as any job of the account in the baseline.
-- severity: low
-- attack: T1496.001
-- atlas: AML.T0034
-- window: against the maximum of the baseline, for the account
-- needs: management, baseline
-- look-alikes: training of a large model, which was planned; jobs of the usual length
WITH n AS (
  SELECT a.recipient_account, a.event_key, a.ts, f.number AS seconds
  FROM events a
  JOIN fields f ON f.event_key = a.event_key
  WHERE a.event_source = 'sagemaker.amazonaws.com' AND a.event_name = 'CreateTrainingJob' AND a.ok = 1 AND a.event_type = 'api_call'
    AND f.path = 'stoppingCondition.maxRuntimeInSeconds' AND f.number > 0
), b AS (
  SELECT n.recipient_account, MAX(n.seconds) AS most, COUNT(*) AS jobs FROM n CROSS JOIN params q WHERE n.ts < q.split GROUP BY n.recipient_account
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       e.resource_name || ' may run ' || CAST(n.seconds AS VARCHAR) || ' seconds' AS why,
       n.seconds AS seconds
FROM n
JOIN b ON b.recipient_account = n.recipient_account
JOIN events e ON e.event_key = n.event_key
CROSS JOIN params p
WHERE p.has_baseline = 1 AND n.ts >= p.split AND b.jobs >= 10 AND n.seconds > 3 * b.most
  AND e.event_source = 'sagemaker.amazonaws.com' AND e.event_name = 'CreateTrainingJob' AND e.ok = 1
