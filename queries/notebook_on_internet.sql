-- id: SM-E07
-- title: Notebook on the internet or with root, where others are not
-- meaning: A notebook was made with direct access to the internet or with root, while nearly all of the
--   baseline have neither.
-- severity: low
-- attack: T1578.005
-- atlas: AML.T0012
-- window: the majority of the baseline, for the account
-- needs: management, baseline
-- look-alikes: accounts that make all notebooks so: the default of the console
WITH n AS (
  SELECT a.event_key, a.recipient_account, a.ts,
         MAX(CASE WHEN r.path = 'directInternetAccess' AND r.value = 'Disabled' THEN 1 ELSE 0 END) AS inside,
         MAX(CASE WHEN r.path = 'rootAccess' AND r.value = 'Disabled' THEN 1 ELSE 0 END) AS rootless
  FROM events a
  LEFT JOIN (SELECT event_key, path, value FROM refs WHERE kind = 'posture_flag') r ON r.event_key = a.event_key
  WHERE a.event_source = 'sagemaker.amazonaws.com' AND a.event_name = 'CreateNotebookInstance' AND a.ok = 1
  GROUP BY a.event_key, a.recipient_account, a.ts
), b AS (
  SELECT n.recipient_account, COUNT(*) AS n, SUM(n.inside) AS inside, SUM(n.rootless) AS rootless
  FROM n CROSS JOIN params q WHERE n.ts < q.split GROUP BY n.recipient_account
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       'the notebook ' || e.resource_name || CASE WHEN n.inside = 0 THEN ' is on the internet' ELSE ' has root' END AS why
FROM n
JOIN b ON b.recipient_account = n.recipient_account
JOIN events e ON e.event_key = n.event_key
CROSS JOIN params p
WHERE p.has_baseline = 1 AND n.ts >= p.split AND b.n >= 3
  AND ((n.inside = 0 AND b.inside >= 0.8 * b.n) OR (n.rootless = 0 AND b.rootless >= 0.8 * b.n))
  AND e.event_source = 'sagemaker.amazonaws.com' AND e.event_name = 'CreateNotebookInstance'
