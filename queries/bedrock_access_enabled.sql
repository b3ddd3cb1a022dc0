-- id: BR-A01
-- title: Access to models opened
-- meaning: Access to foundation models was asked for or agreed to.
-- severity: high
-- attack: T1578.005
-- atlas: AML.T0034 AML.T0040
-- window: any
-- needs: management
-- look-alikes: the platform team
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       e.event_name || ' ' || e.resource_name AS why
FROM events e
WHERE e.event_source = 'bedrock.amazonaws.com' AND e.ok = 1 AND e.event_name IN ('PutUseCaseForModelAccess', 'CreateFoundationModelAgreement', 'PutFoundationModelEntitlement')
