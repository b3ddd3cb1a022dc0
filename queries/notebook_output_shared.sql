-- id: SM-E17
-- title: Output of notebooks may be shared
-- meaning: The settings of a domain or profile of Studio let the output of notebooks be shared. Tools that are
--   shown again are not seen: what was hidden before stands in no log.
-- severity: low
-- attack: T1562.001
-- atlas: AML.T0012
-- window: first seen against the baseline
-- needs: management, baseline
-- look-alikes: infrastructure as code; settings that forbid it; domains in which it was allowed in the baseline
WITH n AS (
  SELECT a.recipient_account, a.resource_name, a.ts, a.event_key
  FROM events a JOIN fields f ON f.event_key = a.event_key
  WHERE a.event_source = 'sagemaker.amazonaws.com' AND a.event_name IN ('CreateDomain', 'UpdateDomain', 'CreateUserProfile', 'UpdateUserProfile') AND a.ok = 1
    AND f.path LIKE '%haringSettings.notebookOutputOption' AND f.value = 'Allowed'
), f AS (
  SELECT recipient_account, resource_name, MIN(ts) AS first_ts FROM n GROUP BY recipient_account, resource_name
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       e.event_name || ' lets output of notebooks be shared' AS why
FROM f
JOIN n ON n.recipient_account = f.recipient_account AND n.resource_name = f.resource_name AND n.ts = f.first_ts
JOIN events e ON e.event_key = n.event_key
CROSS JOIN params p
WHERE p.has_baseline = 1 AND f.first_ts >= p.split AND e.is_iac = 0
  AND e.event_source = 'sagemaker.amazonaws.com' AND e.event_name IN ('CreateDomain', 'UpdateDomain', 'CreateUserProfile', 'UpdateUserProfile') AND e.ok = 1
