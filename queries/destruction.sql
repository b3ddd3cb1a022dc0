-- id: SM-T14
-- title: Many things of SageMaker deleted
-- meaning: Five or more endpoints, models, packages, notebooks, domains, profiles, clusters or feature groups
--   deleted within half an hour.
-- severity: high
-- attack: T1485 T1489
-- atlas: AML.T0029 AML.T0031
-- window: 30 minutes
-- needs: management
-- look-alikes: environments taken down by infrastructure as code, which is left out; deletions that fail
WITH w AS (
  SELECT actor_key, CAST(FLOOR(ts / 1800) AS BIGINT) AS slot, COUNT(DISTINCT event_key) AS n, MAX(ts) AS ts
  FROM events
  WHERE event_source = 'sagemaker.amazonaws.com' AND ok = 1 AND is_iac = 0 AND invoked_by = ''
    AND event_name IN ('DeleteEndpoint', 'DeleteModel', 'DeleteModelPackage', 'DeleteModelPackageGroup', 'DeleteNotebookInstance', 'DeleteDomain', 'DeleteFeatureGroup', 'DeleteUserProfile', 'DeleteSpace', 'DeleteCluster', 'DeletePipeline')
  GROUP BY actor_key, CAST(FLOOR(ts / 1800) AS BIGINT)
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       CAST(w.n AS VARCHAR) || ' deletions within half an hour, last ' || e.event_name || ' ' || e.resource_name AS why,
       w.n AS deletions
FROM w
JOIN events e ON e.actor_key = w.actor_key AND e.ts = w.ts
WHERE w.n >= 5 AND e.event_source = 'sagemaker.amazonaws.com' AND e.event_name LIKE 'Delete%'
