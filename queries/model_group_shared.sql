-- id: SM-X03
-- title: Model group shared outside the account
-- meaning: The resource policy of a model package group lets everybody or another account in.
-- severity: high
-- attack: T1537
-- atlas: AML.T0048.004
-- window: any
-- needs: management
-- look-alikes: sharing within the account; accounts of the own organisation, which the log does not know
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       'shared the model group ' || e.resource_name || ' outside the account' AS why
FROM events e
WHERE e.event_source = 'sagemaker.amazonaws.com' AND e.event_name = 'PutModelPackageGroupPolicy' AND e.ok = 1 AND e.policy_external = 1
