-- id: SM-P02
-- title: Role that nobody handed over before
-- meaning: A role goes to an AI service that nobody of the account handed over in the baseline.
-- severity: high
-- attack: T1548.005
-- atlas: AML.T0012
-- window: first seen against the baseline, for the account
-- needs: management, baseline
-- look-alikes: the role of a new project, made by infrastructure as code in the two days before
WITH n AS (
  SELECT a.recipient_account, r.norm AS role, a.ts, a.event_key
  FROM events a JOIN refs r ON r.event_key = a.event_key
  WHERE a.ok = 1 AND a.is_ai = 1 AND r.kind = 'passed_role'
), f AS (
  SELECT recipient_account, role, MIN(ts) AS first_ts FROM n GROUP BY recipient_account, role
), made AS (
  SELECT recipient_account, resource_name, MAX(ts) AS made_ts
  FROM events
  WHERE event_source = 'iam.amazonaws.com' AND event_name = 'CreateRole' AND ok = 1 AND is_iac = 1
  GROUP BY recipient_account, resource_name
), young AS (
  SELECT f.recipient_account, f.role, 1 AS seen
  FROM f JOIN made m ON m.recipient_account = f.recipient_account
  WHERE ENDS_WITH(f.role, '/' || m.resource_name) AND m.made_ts <= f.first_ts AND m.made_ts >= f.first_ts - 172800
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       'nobody handed over ' || n.role || ' before' AS why,
       n.role AS role, e.event_name
FROM f
JOIN n ON n.recipient_account = f.recipient_account AND n.role = f.role AND n.ts = f.first_ts
JOIN events e ON e.event_key = n.event_key
CROSS JOIN params p
LEFT JOIN young y ON y.recipient_account = f.recipient_account AND y.role = f.role
WHERE p.has_baseline = 1 AND f.first_ts >= p.split AND y.seen IS NULL
  AND e.ok = 1 AND e.is_ai = 1
