"""The usual small mapping of these tests."""

HEAD = 'format = "sigm_bayes.registry_mapping/1"\n'
USUAL = (
    HEAD
    + """
[person]
person_id = "id"
centre = "centre"
age_years = "age"
sex = "sex"
[results.igm]
column = "igm"
unit = "mg/dL"
"""
)
