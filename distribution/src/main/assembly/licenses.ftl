<#assign rows = []>
<#list dependencyMap as e>
<#assign project = e.getKey()>
<#assign terms = []>
<#list project.licenses as license><#if license.url?has_content><#assign terms += [license.url?trim]></#if></#list>
<#-- The pom names none: licenses.properties does, as SPDX spells it. -->
<#if !terms?has_content><#list e.getValue() as name><#assign terms += ["https://spdx.org/licenses/" + name + ".html"]></#list></#if>
<#assign rows += ["| " + project.groupId + ":" + project.artifactId + " | " + project.version + " | " + e.getValue()?join(", ") + " | " + terms?join(" ") + " |"]>
</#list>
# What is inside, and under which licence

Licence and notice files that an artifact brings with it are in the folder of its name. Where it brings none, the text of its
licence is the file of that name beside this one, and the artifact's own page names its authors. Several licences are named as
the artifact's pom names them: to choose from, or of different parts.

| artifact | version | licence | terms |
|---|---|---|---|
<#list rows?sort as row>
${row}
</#list>
