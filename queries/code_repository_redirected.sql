-- id: SM-L07
-- title: Notebook code from a new repository
-- meaning: A code repository with an address that was never registered, or a default repository that no notebook
--   had.
-- severity: medium
-- attack: T1677
-- atlas: AML.T0010.003
-- window: first seen against the baseline, for the account
-- needs: management, baseline
-- look-alikes: repositories that are registered already
WITH n AS (
  SELECT a.recipient_account AS account, r.value AS repository, a.ts, a.event_key, r.path AS path, r.value AS value
  FROM events a
  JOIN fields r ON r.event_key = a.event_key
  WHERE a.ok = 1 AND a.event_source = 'sagemaker.amazonaws.com' AND (r.path = 'gitConfig.repositoryUrl' OR r.path = 'defaultCodeRepository')
), f AS (
  SELECT account, repository, MIN(ts) AS first_ts
  FROM n
  GROUP BY account, repository
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       'new code repository ' || n.repository AS why,
       n.repository AS repository, e.event_name, e.resource_name
FROM f
JOIN n ON n.account = f.account AND n.repository = f.repository AND n.ts = f.first_ts
JOIN events e ON e.event_key = n.event_key
CROSS JOIN params p
WHERE p.has_baseline = 1 AND f.first_ts >= p.split
  AND e.ok = 1 AND e.event_source = 'sagemaker.amazonaws.com'
