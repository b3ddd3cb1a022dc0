-- id: SM-G03
-- title: Far more machines than ever
-- meaning: A job, endpoint or cluster asks for more than three times as many machines as any request of the
--   baseline, and at least eight.
-- severity: high
-- attack: T1496.001
-- atlas: AML.T0034
-- window: maximum of the baseline, for the account
-- needs: management, baseline
-- look-alikes: a test of load that was announced
WITH c AS (
  SELECT a.recipient_account, a.event_key, a.ts, f.number AS machines
  FROM events a JOIN fields f ON f.event_key = a.event_key
  WHERE a.event_source = 'sagemaker.amazonaws.com' AND a.ok = 1
    AND (f.path LIKE '%.instanceCount' OR f.path LIKE '%.initialInstanceCount' OR f.path LIKE '%.desiredInstanceCount')
), b AS (
  SELECT c.recipient_account, MAX(c.machines) AS most FROM c CROSS JOIN params q WHERE c.ts < q.split GROUP BY c.recipient_account
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       e.event_name || ' ' || e.resource_name || ' asks for ' || CAST(c.machines AS VARCHAR) || ' machines' AS why,
       c.machines, b.most AS usual_maximum
FROM c
JOIN b ON b.recipient_account = c.recipient_account
JOIN events e ON e.event_key = c.event_key
CROSS JOIN params p
WHERE p.has_baseline = 1 AND c.ts >= p.split AND c.machines >= 8 AND c.machines > 3 * b.most
  AND e.event_source = 'sagemaker.amazonaws.com' AND e.ok = 1
