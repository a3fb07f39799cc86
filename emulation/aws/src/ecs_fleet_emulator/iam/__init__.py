"""IAM: whether the policies of the emulated account allow a request, as AWS would decide.

patterns.py, conditions.py, policy.py  the policy language
principals.py, request.py              who asks, and for what
decision.py                            AWS's evaluation of all policies that apply
operations/                            what the operations of AWS's APIs have to be allowed
account.py                             the policies and principals of the emulated account
authorizer.py                          decides, and notes which rights are used
handed_roles.py                        roles that a request hands to a service
sessions.py                            credentials of roles that AWS's services take
settings.py, enforcement.py            EMULATOR_IAM=enforce denies requests to the gateway
rights.py, endpoints.py                used rights and denials, at /_emulator/iam
"""
